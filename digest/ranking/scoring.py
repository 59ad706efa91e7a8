"""Readers meet papers: for a group of readers what the papers score that fit, and a pool of them worth choosing from.

A group's papers are rows of one table; a *cell* of it is a reader and a paper, reader * width + place, an *entry* is what one
interest of a reader gives one paper. Scores are counted in quanta (see `exact`), so that a table of them is a quarter as large
as one of doubles. Nothing depends on who else is in the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from digest.ranking.configuration import Configuration
from digest.ranking.eligibility import Eligible
from digest.ranking.exact import QUANTUM, TIE, quanta
from digest.ranking.given import Contents, Given
from digest.ranking.inputs import Interest, Profile
from digest.ranking.layers import Bools, Floats, Ints, spread
from digest.ranking.matching import FIRST_OF_EACH, Met
from digest.ranking.selection import NOBODY, Pools
from digest.ranking.votes import Ballot, Cast, Read

SPARE = 3
"""A pool holds this many times the papers that are wanted, so that diversity has a choice."""
FROM_EACH = 4
"""And so many papers of each single interest, so that every interest can have its share."""
BLOCK = 16
"""Places whose best score is looked at first: at least n papers reach the n-th of the blocks' best, and the n best do."""
FEW = 60
"""Interests whose sum, each worth the heaviest weight, fits well into a table of 32 bits."""

Whole = npt.NDArray[np.signedinteger]


class Reader(NamedTuple):
    """A profile with what of it can be ranked by; `met` is what its wanted interests have met.

    `known` says whether anything is known of the reader's taste.
    """

    profile: Profile
    eligible: Eligible
    interests: Sequence[Interest]
    met: Sequence[Met]
    likes: Cast
    dislikes: Cast
    known: bool


@dataclass(frozen=True, slots=True)
class Entries:
    """What single interests give single papers, in quanta, and how many of its words each holds.

    `runs` entries in a row are of one interest, `interest` in its reader's count.
    """

    cells: Ints
    values: npt.NDArray[np.int32]
    held: npt.NDArray[np.int16]
    runs: Ints
    interest: Ints


@dataclass(frozen=True, slots=True)
class Scores:
    """What a group of readers may be shown, in tables of readers x width, of which the last columns are no papers.

    `scores` in quanta, far below `none` for what may not fill an ordinary place. `by_likes` is what the likes give of it, None
    where nobody likes anything; both are worked out where papers fit, or where they are `allowed` if so asked. `outside`
    (readers x talked-of papers): allowed, and met by nothing liked or disliked. `matched` counts each reader's papers that fit.
    """

    entries: Entries
    allowed: Bools
    scores: Whole
    none: int
    by_likes: Whole | None
    liked: Given
    disliked: Given
    outside: Bools
    matched: list[int]

    def keys(self, cells: Ints) -> Floats:
        """What orders these cells' papers: the score less a trifle for the place, NOBODY for what may not fill a place."""
        scores = self.scores.ravel()[cells]
        keys: Floats = scores * QUANTUM - TIE * (cells % self.scores.shape[1])
        keys[scores <= self.none] = NOBODY
        return keys


def width_of(papers: int) -> int:
    """How wide a row is for so many papers: whole blocks."""
    return -(-papers // BLOCK) * BLOCK


def entries_of(readers: Sequence[Reader], width: int) -> Entries:
    """All that the interests of a group give."""
    columns = [met.column for reader in readers for met in reader.met]
    owner, interest = spread(np.array([len(reader.met) for reader in readers], np.int64))
    if not columns:
        nothing = np.empty(0, np.int64)
        return Entries(nothing, nothing.astype(np.int32), nothing.astype(np.int16), nothing, nothing)
    runs = np.array([len(column.papers) for column in columns], np.int64)
    cells = np.concatenate([column.papers for column in columns])
    cells += np.repeat(owner * width, runs)
    values, held = (np.concatenate(each) for each in ([c.quanta for c in columns], [c.held for c in columns]))
    return Entries(cells, values, held, runs, interest)


def scores_of(
    readers: Sequence[Reader],
    contents: Contents,
    ballot: Ballot,
    read: Read,
    everyone: Ints,
    talked_of: Ints,
    configuration: Configuration,
    *,
    all_allowed: bool = False,
) -> Scores:
    """The score of every paper that fits for every reader: interests + likes - dislikes + what holds for everyone.

    A reader of whom nothing is known may be given anything allowed. For others a paper fits if an interest meets it, or if it
    is liked at least `vote_floor` and `vote_floor_share` of what is liked most; and if it is not more disliked than wanted.
    What votes give is worked out for papers that fit, or with `all_allowed` for whatever may be shown at all.
    """
    papers, width = len(everyone), width_of(len(everyone))
    entries = entries_of(readers, width)
    kind = np.int32 if max((len(reader.met) for reader in readers), default=0) <= FEW else np.int64
    wanted: Whole = np.zeros((len(readers), width), kind)
    np.add.at(wanted.ravel(), entries.cells, entries.values.astype(kind, copy=False))
    liked = Given(contents, ballot, [reader.likes for reader in readers], read, "vote")
    disliked = Given(contents, ballot, [reader.dislikes for reader in readers], read, "less")
    allowed = _allowed(readers, papers, width, liked)
    met = wanted > 0
    if liked.some:
        floor = configuration.vote_floor * configuration.vote
        met[liked.at_least(np.maximum(floor, configuration.vote_floor_share * liked.most()))] = True
    outside = allowed[:, talked_of] > met[:, talked_of]
    if disliked.some:
        rows, columns = np.nonzero(outside)
        faint = configuration.less * max(configuration.vote_floor, 1e-9)
        outside[rows, columns] = disliked.at(rows, talked_of[columns]) < faint
    known = np.array([reader.known for reader in readers], bool)
    met &= allowed
    if not known.all():
        met[~known] = allowed[~known]
    by_likes: Whole | None = None
    if liked.some or disliked.some:
        cells = np.flatnonzero(allowed if all_allowed else met)
        owner = cells // max(width, 1)
        place = cells - owner * width
        if liked.some:
            by_likes = np.zeros(wanted.shape, kind)
            by_likes.ravel()[cells] = quanta(liked.at(owner, place))
            wanted += by_likes
        if disliked.some:
            against = quanta(disliked.at(owner, place))
            met.ravel()[cells[(wanted.ravel()[cells] <= against) & known[owner]]] = False
            wanted.ravel()[cells] -= against.astype(kind)
    wanted[:, :papers] += everyone.astype(kind)
    # So far down that no sum comes near: what does not fit is told by it.
    far = int(np.iinfo(kind).min) // 2
    wanted += np.multiply(~met, far, dtype=kind)
    matched = [int(np.count_nonzero(row)) for row in met]
    return Scores(entries, allowed, wanted, far // 2, by_likes, liked, disliked, outside, matched)


def _allowed(readers: Sequence[Reader], papers: int, width: int, liked: Given) -> Bools:
    """Readers x width: what may be shown. What may not is no longer liked by anybody."""
    allowed = np.ones((len(readers), width), bool)
    allowed[:, papers:] = False
    for row, reader in enumerate(readers):
        inside = reader.eligible.inside
        if inside is not None:
            allowed[row, :papers] = inside
            liked.close(row, ~inside)
    rows: Ints = np.repeat(np.arange(len(readers)), [len(reader.eligible.left_out) for reader in readers])
    places = np.array([place for reader in readers for place in reader.eligible.left_out], np.int64)
    allowed[rows, places] = False
    liked.close(rows, places)
    return allowed


def pools_of(readers: Sequence[Reader], scores: Scores, size: int, near_misses: int) -> Pools:
    """The papers worth choosing from: each reader's best, those that each interest meets best, and the best by votes alone."""
    width = scores.scores.shape[1]
    wanted = [_reaching(scores.scores, max(SPARE * size, size + near_misses), scores.none)]
    wanted.append(_best_of_each(readers, scores))
    if scores.by_likes is not None:
        mixed = np.flatnonzero([bool(reader.likes.rows and reader.met) for reader in readers])
        if len(mixed):
            liked = scores.by_likes[mixed]
            liked[(liked <= 0) | (scores.scores[mixed] <= scores.none)] = scores.none
            cells = _reaching(liked, FROM_EACH, scores.none)
            rows = cells // width
            wanted.append(cells + (mixed[rows] - rows) * width)
    return _pools(np.unique(np.concatenate(wanted)), scores)


def pools_of_all(scores: Scores) -> Pools:
    """All that is allowed, as a pool."""
    return _pools(np.flatnonzero(scores.allowed), scores)


def _pools(chosen: Ints, scores: Scores) -> Pools:
    """Chosen cells, ascending, as a pool, with what each interest and the likes give each of them."""
    (readers, width), entries = scores.scores.shape, scores.entries
    row = chosen // max(width, 1)
    counts = np.bincount(row, minlength=readers)
    starts = np.cumsum(counts) - counts
    within = np.arange(len(chosen)) - starts[row]
    slot: npt.NDArray[np.int32] = np.full(readers * width, -1, np.int32)
    slot[chosen] = np.arange(len(chosen))
    at = slot[entries.cells]
    inside = np.flatnonzero(at >= 0)
    interests = int(entries.interest.max(initial=-1)) + 1
    given = np.zeros((len(chosen), interests + 1))
    given_at = (at[inside], np.repeat(entries.interest.astype(np.int32), entries.runs)[inside])
    given[given_at] = entries.values[inside] * QUANTUM
    held: npt.NDArray[np.int16] = np.zeros(given.shape, np.int16)
    held[given_at] = entries.held[inside]
    if scores.by_likes is not None:
        given[:, -1] = scores.by_likes.ravel()[chosen] * QUANTUM
    main = given.argmax(axis=1)
    shape = (readers, int(counts.max(initial=0)))
    places, keys, mains, values = (
        np.zeros(shape, np.int64),
        np.full(shape, NOBODY),
        np.zeros(shape, np.int64),
        np.zeros(shape),
    )
    places[row, within] = chosen - row * width
    keys[row, within] = scores.keys(chosen)
    mains[row, within] = main
    values[row, within] = given[np.arange(len(chosen)), main]
    return Pools(places, keys, mains, values, given, held, starts, scores.liked.count)


def _reaching(scores: Whole, count: int, none: int) -> Ints:
    """The cells of the `count` best of each row that are above `none`, and perhaps of a few that come next; they ascend.

    Of equal scores that of the lower place is the better one.
    """
    readers, width = scores.shape
    blocks = width
    best = scores
    if count * BLOCK < width:
        # A block's places lie apart from each other, so that whole rows can be compared at a time.
        blocks = width // BLOCK
        best = scores.reshape(readers, BLOCK, blocks).max(axis=1)
    if count >= blocks:
        return np.flatnonzero(scores > none)
    least = np.partition(best, blocks - count, axis=1)[:, -count]
    cells = np.flatnonzero(scores >= np.maximum(least, none + 1)[:, None])
    # Where blocks' best are equal to the least, those count first whose best comes first; beyond them nothing equal reaches it.
    owner = cells // width
    equal = np.flatnonzero(scores.ravel()[cells] == least[owner])
    row = owner[equal]
    place = cells[equal] - row * width
    block = row * blocks + place % blocks
    reach = np.flatnonzero(best.ravel()[block] == least[row])
    first = np.sort(reach[np.unique(block[reach], return_index=True)[1]])
    heads = row[first]
    rank = np.arange(len(first)) - np.searchsorted(heads, heads)
    room = count - np.count_nonzero(best > least[:, None], axis=1)
    last = np.full(readers, width)
    final = np.flatnonzero(rank == room[heads] - 1)
    last[heads[final]] = place[first[final]]
    reaching: Ints = np.delete(cells, equal[place > last[row]])
    return reaching


def _best_of_each(readers: Sequence[Reader], scores: Scores) -> Ints:
    """The cells of the FROM_EACH papers that every interest meets best, of those that may fill a place."""
    width = scores.scores.shape[1]
    first: list[Ints] = []
    for reader in readers:
        inside = reader.eligible.inside
        if inside is None:
            first += [met.column.first for met in reader.met]
        else:
            papers = [met.column.papers for met in reader.met]
            first += [each[inside[each]][:FIRST_OF_EACH] for each in papers]
    if not first:
        return np.empty(0, np.int64)
    sizes = np.array([len(each) for each in first], np.int64)
    owner = np.repeat(np.arange(len(readers)) * width, [len(reader.met) for reader in readers])
    run = np.repeat(np.arange(len(first)), sizes)
    cells = np.concatenate(first)
    cells += owner[run]
    fits = np.flatnonzero(scores.scores.ravel()[cells] > scores.none)
    run = run[fits]
    within = np.arange(len(run)) - np.searchsorted(run, run)
    best: Ints = cells[fits[within < FROM_EACH]]
    return best
