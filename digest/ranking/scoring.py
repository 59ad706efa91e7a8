"""Readers meet papers: for a group of readers what the papers score that fit, and a pool of them worth choosing from.

A group's papers are rows of one table; a *cell* of it is a reader and a paper, reader * width + place, an *entry* is what one
interest of a reader gives one paper. All keys of one reader are different, so nothing depends on who else is in the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from digest.ranking.configuration import Configuration
from digest.ranking.eligibility import Eligible
from digest.ranking.exact import TIE
from digest.ranking.given import Contents, Given
from digest.ranking.inputs import Interest, Profile
from digest.ranking.layers import Bools, Floats, Ints, spread
from digest.ranking.matching import Column
from digest.ranking.selection import NOBODY, Pools
from digest.ranking.votes import Ballot, Cast, Read

SPARE = 3
"""A pool holds this many times the papers that are wanted, so that diversity has a choice."""
FROM_EACH = 4
"""And so many papers of each single interest, so that every interest can have its share."""
FIRST_OF_EACH = 16
"""Among so many papers that an interest meets best those are looked for, for some may not be shown."""
BLOCK = 16
"""Places whose best key is looked at first: at least n papers reach the n-th of the blocks' best keys, and the n best do."""


class Reader(NamedTuple):
    """A profile with what of it can be ranked by; `columns` are the places of its wanted interests among the batch's."""

    profile: Profile
    eligible: Eligible
    interests: Sequence[Interest]
    columns: Sequence[int]
    likes: Cast
    dislikes: Cast

    @property
    def known(self) -> bool:
        """Whether anything is known of the reader's taste."""
        return bool(self.interests or self.likes.votes)


class Columns:
    """The columns of a batch's distinct interests, one after the other; each begins with the papers that it meets best."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.sizes = np.array([len(column.papers) for column in columns], np.int64)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.papers = np.concatenate([column.papers for column in columns]) if columns else np.empty(0, np.int64)
        self.values = np.concatenate([column.values for column in columns]) if columns else np.empty(0)
        self.held = np.concatenate([column.held for column in columns]) if columns else np.empty(0, np.int64)

    def first(self, columns: Ints) -> tuple[Ints, Ints]:
        """The places of the papers that each column meets best, at most FIRST_OF_EACH of them: which column, and the place."""
        which, within = spread(np.minimum(self.sizes[columns], FIRST_OF_EACH))
        return which, self.papers[self.starts[columns][which] + within]

    def inside(self, column: int, inside: Bools | None) -> Ints:
        """As `first`, for one column and the papers of one window; None for all."""
        papers = self.papers[self.starts[column] : self.starts[column] + self.sizes[column]]
        first: Ints = papers if inside is None else papers[inside[papers]]
        return first[:FIRST_OF_EACH]


@dataclass(frozen=True, slots=True)
class Entries:
    """What single interests give single papers, and where in the columns that is said. `runs` entries in a row are of one

    interest, `interest` in its reader's count.
    """

    cells: Ints
    at: Ints
    values: Floats
    runs: Ints
    interest: Ints


@dataclass(frozen=True, slots=True)
class Scores:
    """What a group of readers may be shown, in tables of readers x width, of which the last columns are no papers.

    `keys` order a reader's papers: the score less a trifle for the place, NOBODY for what may not fill an ordinary place.
    `by_likes` is what the likes give of it, None where nobody likes anything; both are worked out where papers fit, or where
    they are `allowed` if so asked. `outside` (readers x talked-of papers): allowed, and met by nothing liked or disliked.
    `matched` counts each reader's keys that are not NOBODY.
    """

    entries: Entries
    allowed: Bools
    keys: Floats
    by_likes: Floats | None
    liked: Given
    disliked: Given
    outside: Bools
    matched: list[int]


def width_of(papers: int) -> int:
    """How wide a row is for so many papers: whole blocks."""
    return -(-papers // BLOCK) * BLOCK


def entries_of(readers: Sequence[Reader], columns: Columns, width: int) -> Entries:
    """All that the interests of a group give."""
    counts = np.array([len(reader.columns) for reader in readers], np.int64)
    owner, interest = spread(counts)
    column = np.array([column for reader in readers for column in reader.columns], np.int64)
    runs = columns.sizes[column]
    at = np.repeat(columns.starts[column] - (np.cumsum(runs) - runs), runs)
    at += np.arange(len(at))
    cells = columns.papers[at]
    cells += np.repeat(owner * width, runs)
    return Entries(cells, at, columns.values[at], runs, interest)


def scores_of(
    readers: Sequence[Reader],
    columns: Columns,
    contents: Contents,
    ballot: Ballot,
    read: Read,
    everyone: Floats,
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
    shape = (len(readers), width)
    entries = entries_of(readers, columns, width)
    wanted = np.bincount(entries.cells, entries.values, shape[0] * width).astype(np.float64, copy=False).reshape(shape)
    liked = Given(contents, ballot, [reader.likes for reader in readers], read, "vote")
    disliked = Given(contents, ballot, [reader.dislikes for reader in readers], read, "less")
    allowed = _allowed(readers, papers, width, liked)
    met = wanted > 0
    if liked.some:
        floor = configuration.vote_floor * configuration.vote
        met[liked.at_least(np.maximum(floor, configuration.vote_floor_share * liked.most()))] = True
    outside = allowed[:, talked_of] > met[:, talked_of]
    if disliked.some:
        rows, columns_ = np.nonzero(outside)
        faint = configuration.less * max(configuration.vote_floor, 1e-9)
        outside[rows, columns_] = disliked.at(rows, talked_of[columns_]) < faint
    known = np.array([reader.known for reader in readers], bool)
    met &= allowed
    if not known.all():
        met[~known] = allowed[~known]
    by_likes: Floats | None = None
    if liked.some or disliked.some:
        cells = np.flatnonzero(allowed if all_allowed else met)
        owner = cells // max(width, 1)
        place = cells - owner * width
        if liked.some:
            by_likes = np.zeros(shape)
            by_likes.ravel()[cells] = liked.at(owner, place)
            wanted += by_likes
        if disliked.some:
            against = disliked.at(owner, place)
            met.ravel()[cells[(wanted.ravel()[cells] <= against) & known[owner]]] = False
            wanted.ravel()[cells] -= against
    keys = wanted
    keys[:, :papers] += everyone - TIE * np.arange(papers)
    keys += NOBODY * ~met
    return Scores(entries, allowed, keys, by_likes, liked, disliked, outside, np.count_nonzero(met, axis=1).tolist())


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


def pools_of(readers: Sequence[Reader], columns: Columns, scores: Scores, size: int, near_misses: int) -> Pools:
    """The papers worth choosing from: each reader's best, those that each interest meets best, and the best by votes alone."""
    wanted = _reaching(scores.keys, max(SPARE * size, size + near_misses))
    wanted.ravel()[_best_of_each(readers, columns, scores)] = True
    if scores.by_likes is not None:
        mixed = np.flatnonzero([bool(reader.likes.rows and reader.columns) for reader in readers])
        if len(mixed):
            liked = scores.by_likes[mixed]
            liked -= TIE * np.arange(liked.shape[1])
            liked[(scores.by_likes[mixed] <= 0) | (scores.keys[mixed] == NOBODY)] = NOBODY
            wanted[mixed] |= _reaching(liked, FROM_EACH)
    return _pools(wanted, scores)


def pools_of_all(scores: Scores) -> Pools:
    """All that is allowed, as a pool."""
    return _pools(scores.allowed, scores)


def _pools(wanted: Bools, scores: Scores) -> Pools:
    """Wanted cells as a pool, with what each interest and the likes give each of them."""
    (readers, width), entries = wanted.shape, scores.entries
    chosen = np.flatnonzero(wanted)
    counts = np.count_nonzero(wanted, axis=1)
    owner, within = spread(counts)
    slot: npt.NDArray[np.int32] = np.full(readers * width, -1, np.int32)
    slot[chosen] = np.arange(len(chosen))
    at = slot[entries.cells]
    inside = np.flatnonzero(at >= 0)
    interests = int(entries.interest.max(initial=-1)) + 1
    given = np.zeros((len(chosen), interests + 1))
    given_at = (at[inside], np.repeat(entries.interest, entries.runs)[inside])
    given[given_at] = entries.values[inside]
    columns: npt.NDArray[np.int32] = np.zeros(given.shape, np.int32)
    columns[given_at] = entries.at[inside]
    if scores.by_likes is not None:
        given[:, -1] = scores.by_likes.ravel()[chosen]
    main = given.argmax(axis=1)
    shape = (readers, int(counts.max(initial=0)))
    places, keys, mains, values = (
        np.zeros(shape, np.int64),
        np.full(shape, NOBODY),
        np.zeros(shape, np.int64),
        np.zeros(shape),
    )
    places[owner, within] = chosen - owner * width
    keys[owner, within] = scores.keys.ravel()[chosen]
    mains[owner, within] = main
    values[owner, within] = given[np.arange(len(chosen)), main]
    return Pools(places, keys, mains, values, given, columns, np.cumsum(counts) - counts, scores.liked.count)


def _reaching(keys: Floats, count: int) -> Bools:
    """The `count` highest keys of each row, and perhaps a few that come next; none that is NOBODY."""
    readers, width = keys.shape
    best = keys
    if count * BLOCK < width:
        # A block's places lie apart from each other, so that whole rows can be compared at a time.
        best = keys.reshape(readers, BLOCK, width // BLOCK).max(axis=1)
    if count >= best.shape[1]:
        return keys > NOBODY
    least = np.partition(best, best.shape[1] - count, axis=1)[:, -count]
    return keys >= np.maximum(least, NOBODY / 2)[:, None]


def _best_of_each(readers: Sequence[Reader], columns: Columns, scores: Scores) -> Ints:
    """The cells of the FROM_EACH papers that every interest meets best, of those that may fill a place."""
    width = scores.keys.shape[1]
    counts = np.array([len(reader.columns) for reader in readers], np.int64)
    column = np.array([column for reader in readers for column in reader.columns], np.int64)
    owner = np.repeat(np.arange(len(readers)), counts)
    whole = np.array([reader.eligible.inside is None for reader in readers], bool)[owner]
    unbound = np.flatnonzero(whole)
    run, places = columns.first(column[unbound])
    run = unbound[run]
    if len(unbound) < len(column):
        bound = np.flatnonzero(~whole)
        found = [columns.inside(int(column[each]), readers[owner[each]].eligible.inside) for each in bound.tolist()]
        run = np.concatenate([run, np.repeat(bound, list(map(len, found)))])
        places = np.concatenate([places, *found])
        order = np.argsort(run, kind="stable")
        run, places = run[order], places[order]
    cells = owner[run] * width + places
    fits = np.flatnonzero(scores.keys.ravel()[cells] > NOBODY)
    run = run[fits]
    within = np.arange(len(run)) - np.searchsorted(run, run)
    best: Ints = cells[fits[within < FROM_EACH]]
    return best
