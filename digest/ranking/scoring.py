"""Readers meet papers: for a group of readers what the papers score that fit, and a pool of them worth choosing from.

A group's papers are rows of one table; a *cell* of it is a reader and a paper, reader * width + place, an *entry* is what one
interest of a reader gives one paper. Scores are counted in quanta (see `exact`), so that a table of them is a quarter as large
as one of doubles. Nothing depends on who else is in the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from digest.ranking.columns import given_in, held_in, places_in
from digest.ranking.configuration import Configuration
from digest.ranking.eligibility import Eligible
from digest.ranking.exact import QUANTUM, TIE, quanta
from digest.ranking.given import Contents, Given
from digest.ranking.inputs import Interest, Profile
from digest.ranking.layers import Bools, Floats, Ints, distinct, spread
from digest.ranking.matching import Met
from digest.ranking.selection import NOBODY, Pools
from digest.ranking.votes import Ballot, Cast, Read

SPARE = 3
"""A pool holds this many times the papers that are wanted, so that diversity has a choice."""
FROM_EACH = 4
"""And so many papers of each single interest, so that every interest can have its share."""
FIRST_OF_EACH = 16
"""Among so many papers that an interest meets best those are looked for, for some may not be shown."""
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
    """What single interests of a group's readers give single papers, as columns hold it (`packed`).

    `runs` entries in a row are of one interest, which is one of `met` and `interest` in its reader's count.
    """

    met: Sequence[Met]
    packed: Ints
    cells: Ints
    runs: Ints
    interest: Ints


@dataclass(frozen=True, slots=True)
class Scores:
    """What a group of readers may be shown, in tables of readers x width, of which the last columns are no papers.

    `met` holds for what may fill an ordinary place, and there `scores`, in quanta, mean something; elsewhere they are at most
    `highest`, the most that a paper scores with everyone. `by_likes` is what the likes give of it, None where nobody likes
    anything; both are worked out where papers are met, or where they are `allowed` if so asked. `outside` (readers x talked-of
    papers): allowed, and met by nothing liked or disliked. `matched` counts each reader's papers that are met.
    """

    entries: Entries
    allowed: Bools
    met: Bools
    scores: Whole
    highest: int
    by_likes: Whole | None
    liked: Given
    disliked: Given
    outside: Bools
    matched: list[int]

    def keys(self, cells: Ints) -> Floats:
        """What orders these cells' papers: the score less a trifle for the place, NOBODY for what may not fill a place."""
        keys: Floats = self.scores.ravel()[cells] * QUANTUM - TIE * (cells % self.scores.shape[1])
        keys[~self.met.ravel()[cells]] = NOBODY
        return keys


def width_of(papers: int) -> int:
    """How wide a row is for so many papers: whole blocks."""
    return -(-papers // BLOCK) * BLOCK


def entries_of(readers: Sequence[Reader], width: int) -> Entries:
    """All that the interests of a group give."""
    met = list(chain.from_iterable([reader.met for reader in readers]))
    owner, interest = spread(np.array([len(reader.met) for reader in readers], np.int64))
    columns = [each.column for each in met]
    runs = np.array([column.size for column in columns], np.int64)
    packed = np.concatenate([column.packed for column in columns]) if columns else np.empty(0, np.int64)
    cells = places_in(packed)
    cells += np.repeat(owner * width, runs)
    return Entries(met, packed, cells, runs, interest)


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
    np.add.at(wanted.ravel(), entries.cells, given_in(entries.packed).astype(kind))
    liked = Given(contents, ballot, [reader.likes for reader in readers], read, "vote")
    disliked = Given(contents, ballot, [reader.dislikes for reader in readers], read, "less")
    allowed = _allowed(readers, papers, liked, wanted)
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
    # Whole blocks are whole multiples of eight octets, each of them 0 or 1.
    matched = np.bitwise_count(met.view(np.uint64)).sum(axis=1).tolist()
    highest = int(everyone.max(initial=0))
    return Scores(entries, allowed, met, wanted, highest, by_likes, liked, disliked, outside, matched)


def _allowed(readers: Sequence[Reader], papers: int, liked: Given, wanted: Whole) -> Bools:
    """Readers x width: what may be shown. What may not is no longer liked or wanted by anybody."""
    allowed = np.ones(wanted.shape, bool)
    allowed[:, papers:] = False
    for row, reader in enumerate(readers):
        inside = reader.eligible.inside
        if inside is not None:
            allowed[row, :papers] = inside
            wanted[row, :papers] *= inside
            liked.close(row, ~inside)
    rows: Ints = np.repeat(np.arange(len(readers)), [len(reader.eligible.left_out) for reader in readers])
    places = np.array([place for reader in readers for place in reader.eligible.left_out], np.int64)
    allowed[rows, places] = False
    wanted[rows, places] = 0
    liked.close(rows, places)
    return allowed


def pools_of(readers: Sequence[Reader], scores: Scores, size: int, near_misses: int) -> Pools:
    """The papers worth choosing from: each reader's best, those that each interest meets best, and the best by votes alone."""
    width = scores.scores.shape[1]
    wanted = [
        _reaching(scores.scores, scores.met, max(SPARE * size, size + near_misses), scores.highest),
        _best_of_each(readers, scores),
    ]
    if scores.by_likes is not None:
        mixed = np.flatnonzero([bool(reader.likes.rows and reader.met) for reader in readers])
        if len(mixed):
            liked = scores.by_likes[mixed]
            liked *= scores.met[mixed]
            cells = _reaching(liked, liked > 0, FROM_EACH, 0)
            rows = cells // width
            wanted.append(cells + (mixed[rows] - rows) * width)
    return _pools(distinct(np.concatenate(wanted)), scores)


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
    among = np.zeros(readers * width, bool)
    among[chosen] = True
    inside = np.flatnonzero(among[entries.cells])
    slot = np.empty(readers * width, np.int32)
    slot[chosen] = np.arange(len(chosen))
    interests = int(entries.interest.max(initial=-1)) + 1
    given = np.zeros((len(chosen), interests + 1))
    given_at = (slot[entries.cells[inside]], np.repeat(entries.interest.astype(np.int32), entries.runs)[inside])
    found = entries.packed[inside]
    given[given_at] = given_in(found) * QUANTUM
    held: npt.NDArray[np.int16] = np.zeros(given.shape, np.int16)
    held[given_at] = held_in(found)
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


def _reaching(scores: Whole, met: Bools, count: int, highest: int) -> Ints:
    """The cells of the `count` best of each row that are met, and perhaps of a few that come next; they ascend.

    Of equal scores that of the lower place is the better one. What is not met scores at most `highest`, here or afterwards.
    """
    readers, width = scores.shape
    # A block's places lie apart from each other, so that whole rows can be compared at a time.
    each = BLOCK if count * BLOCK < width else 1
    blocks = width // each
    if count >= blocks:
        return np.flatnonzero(met)
    best = scores.reshape(readers, each, blocks).max(axis=1)
    least = np.partition(best, blocks - count, axis=1)[:, -count]
    none = int(np.iinfo(scores.dtype).min) // 4
    low = np.flatnonzero(least <= highest)
    if len(low):
        scores[low] += np.multiply(~met[low], 2 * none, dtype=scores.dtype)
        best[low] = scores[low].reshape(-1, each, blocks).max(axis=1)
        least[low] = np.partition(best[low], blocks - count, axis=1)[:, -count]
    cells = np.flatnonzero(scores >= np.maximum(least, none)[:, None])
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
    entries, met = scores.entries, scores.met.ravel()
    if not len(entries.cells):
        return np.empty(0, np.int64)
    within = np.arange(FIRST_OF_EACH)
    starts = np.cumsum(entries.runs) - entries.runs
    cells = entries.cells[np.minimum(starts[:, None] + within, len(entries.cells) - 1)]
    fits = met[cells] & (within < entries.runs[:, None])
    fits &= np.cumsum(fits, axis=1) <= FROM_EACH
    bound = np.array([reader.eligible.inside is not None for reader in readers], bool)
    if not bound.any():
        chosen: Ints = cells[fits]
        return chosen
    # Where a window leaves papers out, the first of those inside it are meant.
    owner = np.repeat(np.arange(len(readers)), [len(reader.met) for reader in readers])
    fits[bound[owner]] = False
    found = [cells[fits]]
    for run in np.flatnonzero(bound[owner]).tolist():
        own = entries.cells[starts[run] : starts[run] + entries.runs[run]]
        inside = readers[owner[run]].eligible.inside
        first = own[inside[own - owner[run] * scores.met.shape[1]]][:FIRST_OF_EACH]
        found.append(first[met[first]][:FROM_EACH])
    return np.concatenate(found)
