"""Readers meet papers: for a group of readers what every paper scores, and a pool of papers worth choosing from.

Everything is laid out flat: a *cell* is a reader and a paper, reader * width + place, an *entry* is what one interest of a
reader gives one paper. All keys of one reader are different, so nothing depends on who else is in the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.ranking.configuration import Configuration
from digest.ranking.eligibility import Eligible
from digest.ranking.exact import TIE
from digest.ranking.inputs import Interest, Profile
from digest.ranking.layers import Bools, Floats, Ints, spread
from digest.ranking.matching import Column
from digest.ranking.selection import NOBODY, Pools
from digest.ranking.votes import Ballot, Cast, Read

SPARE = 3
"""A pool holds this many times the papers that are wanted, so that diversity has a choice."""
FROM_EACH = 4
"""And so many papers of each single interest, so that every interest can have its share."""
BLOCK = 16
"""Places whose best key is looked at first: the n best papers lie in the n blocks with the best of them."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A profile with what of it can be ranked by; `columns` are its wanted interests' places among the batch's columns."""

    profile: Profile
    eligible: Eligible
    interests: tuple[Interest, ...]
    columns: tuple[int, ...]
    likes: Cast
    dislikes: Cast

    @property
    def known(self) -> bool:
        """Whether anything is known of the reader's taste."""
        return bool(self.interests or self.likes.votes)


class Columns:
    """The columns of a batch's distinct interests, one after the other."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.sizes = np.array([len(column.papers) for column in columns], np.int64)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.papers = np.concatenate([column.papers for column in columns]) if columns else np.empty(0, np.int64)
        self.values = np.concatenate([column.values for column in columns]) if columns else np.empty(0)


@dataclass(frozen=True, slots=True)
class Entries:
    """What single interests give single papers. `interest` counts through a reader's own, `run` through the group's."""

    cells: Ints
    interest: Ints
    run: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Scores:
    """A group's readers x papers (`width` of them, the last few no papers, to fill up the last block).

    `keys` order a reader's papers: the score less a trifle for the place, NOBODY for what may not fill an ordinary place.
    `outside` (readers x talked-of papers): allowed, and met by nothing liked or disliked. `matched` counts the keys that
    are not NOBODY.
    """

    width: int
    entries: Entries
    liked: Floats
    disliked: Floats
    keys: Floats
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
    run, within = spread(columns.sizes[column])
    at = columns.starts[column][run] + within
    return Entries(owner[run] * width + columns.papers[at], interest[run], run, columns.values[at])


def scores_of(
    readers: Sequence[Reader],
    columns: Columns,
    ballot: Ballot,
    read: Read,
    everyone: Floats,
    talked_of: Ints,
    configuration: Configuration,
) -> Scores:
    """The score of every paper for every reader: interests + likes - dislikes + what holds for everyone.

    A reader of whom nothing is known may be given anything allowed. For others a paper fits if an interest meets it, or if it
    is liked at least `vote_floor` and `vote_floor_share` of what is liked most; and if it is not more disliked than wanted.
    """
    papers, width = len(everyone), width_of(len(everyone))
    shape = (len(readers), width)
    entries = entries_of(readers, columns, width)
    keys: Floats = np.bincount(entries.cells, entries.values, shape[0] * width).reshape(shape).astype(np.float64, copy=False)
    allowed = np.zeros(shape, bool)
    for row, reader in zip(allowed, readers, strict=True):
        row[:papers] = reader.eligible.allowed
    met: Bools = keys > 0
    liked = _by_votes([reader.likes for reader in readers], ballot, read, configuration.vote, shape)
    disliked = _by_votes([reader.dislikes for reader in readers], ballot, read, configuration.less, shape)
    if liked.size:
        most = np.where(allowed, liked, 0.0).max(axis=1, initial=0.0)
        floor = np.maximum(configuration.vote_floor * configuration.vote, configuration.vote_floor_share * most)
        met |= (liked >= floor[:, None]) & (liked > 0)
        keys += liked
    fits = met & allowed
    outside = ~met[:, talked_of] & allowed[:, talked_of]
    if disliked.size:
        fits &= keys > disliked
        outside &= disliked[:, talked_of] < configuration.less * max(configuration.vote_floor, 1e-9)
        keys -= disliked
    unknown = [row for row, reader in enumerate(readers) if not reader.known]
    fits[unknown] = allowed[unknown]
    keys[:, :papers] += everyone - TIE * np.arange(papers)
    np.copyto(keys, NOBODY, where=~fits)
    return Scores(width, entries, liked, disliked, keys, outside, np.count_nonzero(fits, axis=1).tolist())


def _by_votes(casts: Sequence[Cast], ballot: Ballot, read: Read, weight: float, shape: tuple[int, int]) -> Floats:
    """Readers x width; empty when none of them has such votes."""
    if not any(cast.rows for cast in casts):
        return np.empty((0, 0))
    return ballot.scores(casts, read, weight, shape[1])


def pools_of(readers: Sequence[Reader], scores: Scores, size: int, near_misses: int) -> Pools:
    """The papers worth choosing from: each reader's best, the best of each interest, and the best by votes alone."""
    cells = [_best(scores.keys, max(SPARE * size, size + near_misses)), _best_of_each(scores)]
    if scores.liked.size:
        mixed = np.flatnonzero([bool(reader.likes.rows and reader.columns) for reader in readers])
        cells.append(_best_liked(scores, mixed))
    pool = np.unique(np.concatenate(cells))
    return given_to(pool, len(readers), scores)


def given_to(cells: Ints, readers: int, scores: Scores) -> Pools:
    """Cells (ascending) as a pool, with what each interest and the likes give each of them."""
    width = scores.width
    owner = cells // width
    counts = np.bincount(owner, minlength=readers)
    slot: npt.NDArray[np.int32] = np.full(readers * width, -1, np.int32)
    slot[cells] = np.arange(len(cells))
    entries = scores.entries
    at = slot[entries.cells]
    inside = np.flatnonzero(at >= 0)
    interests = int(entries.interest.max(initial=-1)) + 1
    given = np.zeros((len(cells), interests + 1))
    given[at[inside], entries.interest[inside]] = entries.values[inside]
    if scores.liked.size:
        given[:, -1] = scores.liked.ravel()[cells]
    main = given.argmax(axis=1)
    _, within = spread(counts)
    shape = (readers, int(counts.max(initial=0)))
    places, keys, mains, values = (
        np.zeros(shape, np.int64),
        np.full(shape, NOBODY),
        np.zeros(shape, np.int64),
        np.zeros(shape),
    )
    places[owner, within] = cells - owner * width
    keys[owner, within] = scores.keys.ravel()[cells]
    mains[owner, within] = main
    values[owner, within] = given[np.arange(len(cells)), main]
    return Pools(places, keys, mains, values, given, np.cumsum(counts) - counts)


def _best(keys: Floats, count: int) -> Ints:
    """The cells of each reader's `count` highest keys, in no order; none that is NOBODY."""
    readers, width = keys.shape
    if not width:
        return np.empty(0, np.int64)
    rows = np.arange(readers)[:, None]
    places: Ints = np.broadcast_to(np.arange(width), keys.shape)
    if count * BLOCK < width:
        # A block's places lie apart from each other, so that whole rows can be compared at a time.
        apart = width // BLOCK
        blocks = keys.reshape(readers, BLOCK, apart).max(axis=1)
        best = np.argpartition(blocks, apart - count, axis=1)[:, -count:]
        places = (best[:, :, None] + apart * np.arange(BLOCK)).reshape(readers, count * BLOCK)
        keys = keys[rows, places]
    if count < keys.shape[1]:
        best = np.argpartition(keys, keys.shape[1] - count, axis=1)[:, -count:]
        places, keys = places[rows, best], keys[rows, best]
    found: Ints = (rows * width + places)[keys > NOBODY]
    return found


def _best_of_each(scores: Scores) -> Ints:
    """FROM_EACH cells of every interest."""
    run = scores.entries.run
    if not len(run):
        return np.empty(0, np.int64)
    keys = scores.keys.ravel()[scores.entries.cells]
    starts = np.flatnonzero(np.concatenate([[True], run[1:] != run[:-1]]))
    lengths = np.diff(np.append(starts, len(run)))
    found = []
    for _ in range(FROM_EACH):
        best = np.repeat(np.maximum.reduceat(keys, starts), lengths)
        at = np.flatnonzero((keys == best) & (best > NOBODY))
        found.append(scores.entries.cells[at])
        keys[at] = NOBODY
    return np.concatenate(found)


def _best_liked(scores: Scores, readers: Ints) -> Ints:
    """FROM_EACH cells that the votes alone would choose, for the given readers."""
    liked = np.where(scores.keys[readers] > NOBODY, scores.liked[readers], 0.0)
    ordered = np.where(liked > 0, liked - TIE * np.arange(scores.width), NOBODY)
    cells = _best(ordered, FROM_EACH)
    return readers[cells // scores.width] * scores.width + cells % scores.width if len(cells) else cells
