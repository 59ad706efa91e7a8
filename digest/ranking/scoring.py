"""Readers meet papers: for a group of readers what the papers score that fit, and a pool of them worth choosing from.

Everything is laid out flat: a *cell* is a reader and a paper, reader * papers + place, an *entry* is what one interest of a
reader gives one paper. All keys of one reader are different, so nothing depends on who else is in the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """What a group of readers may be shown: `cells`, ascending, each of an `owner`; `width` of them to a reader, the last no

    papers. `keys` order a reader's papers: the score less a trifle for the place, NOBODY for a cell that may not fill an
    ordinary place. `by_likes` is what the likes give of it. `outside` (readers x talked-of papers): allowed, and met by nothing
    liked or disliked. `matched` counts each reader's keys that are not NOBODY.
    """

    width: int
    entries: Entries
    cells: Ints
    owner: Ints
    keys: Floats
    by_likes: Floats
    liked: Given
    disliked: Given
    outside: Bools
    matched: list[int]

    def places(self) -> npt.NDArray[np.int32]:
        """For every cell there could be its place among `cells`, or one past the last."""
        place: npt.NDArray[np.int32] = np.full(len(self.matched) * self.width, len(self.cells), np.int32)
        place[self.cells] = np.arange(len(self.cells))
        return place


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
    return Entries((owner * width)[run] + columns.papers[at], interest[run], run, columns.values[at])


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
    Cells that do not fit are left out, unless `all_allowed` asks for whatever may be shown at all.
    """
    papers, width = len(everyone), width_of(len(everyone))
    shape = (len(readers), width)
    entries = entries_of(readers, columns, width)
    wanted: Floats = np.bincount(entries.cells, entries.values, shape[0] * width).astype(np.float64, copy=False)
    liked = Given(contents, ballot, [reader.likes for reader in readers], read, "vote")
    disliked = Given(contents, ballot, [reader.dislikes for reader in readers], read, "less")
    allowed = _allowed(readers, papers, width, liked)
    met = (wanted > 0).reshape(shape)
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
    met[~known] = allowed[~known]
    cells = np.flatnonzero(allowed if all_allowed else met)
    owner = cells // max(width, 1)
    place = cells - owner * width
    by_likes = liked.at(owner, place)
    keys = wanted[cells] + by_likes
    good = met.ravel()[cells]
    if disliked.some:
        against = disliked.at(owner, place)
        good &= (keys > against) | ~known[owner]
        keys -= against
    keys += (everyone - TIE * np.arange(papers))[place]
    if disliked.some or all_allowed:
        keys[~good] = NOBODY
    matched = np.bincount(owner[good], minlength=shape[0]).tolist()
    return Scores(width, entries, cells, owner, keys, by_likes, liked, disliked, outside, matched)


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
    """The papers worth choosing from: each reader's best, the best of each interest, and the best by votes alone."""
    place = scores.places()
    wanted = np.zeros(len(scores.cells), bool)
    wanted[place[_best(scores.keys, scores, max(SPARE * size, size + near_misses))]] = True
    at = place[scores.entries.cells]
    wanted[_best_of_each(scores, at)] = True
    if scores.liked.some:
        mixed = np.array([bool(reader.likes.rows and reader.columns) for reader in readers], bool)
        liked = scores.by_likes - TIE * (scores.cells - scores.owner * scores.width)
        liked[~mixed[scores.owner] | (scores.by_likes <= 0) | (scores.keys == NOBODY)] = NOBODY
        wanted[place[_best(liked, scores, FROM_EACH)]] = True
    return _pools(np.flatnonzero(wanted), at, scores)


def pools_of_all(scores: Scores) -> Pools:
    """All cells of the scores, as a pool."""
    return _pools(np.arange(len(scores.cells)), scores.places()[scores.entries.cells], scores)


def _pools(chosen: Ints, entries_at: npt.NDArray[np.int32], scores: Scores) -> Pools:
    """Cells, by their place among those of the scores, as a pool, with what each interest and the likes give each of them."""
    readers, entries = len(scores.matched), scores.entries
    owner = scores.owner[chosen]
    counts = np.bincount(owner, minlength=readers)
    slot: npt.NDArray[np.int32] = np.full(len(scores.cells) + 1, -1, np.int32)
    slot[chosen] = np.arange(len(chosen))
    at = slot[entries_at]
    inside = np.flatnonzero(at >= 0)
    interests = int(entries.interest.max(initial=-1)) + 1
    given = np.zeros((len(chosen), interests + 1))
    given[at[inside], entries.interest[inside]] = entries.values[inside]
    given[:, -1] = scores.by_likes[chosen]
    main = given.argmax(axis=1)
    _, within = spread(counts)
    shape = (readers, int(counts.max(initial=0)))
    places, keys, mains, values = (
        np.zeros(shape, np.int64),
        np.full(shape, NOBODY),
        np.zeros(shape, np.int64),
        np.zeros(shape),
    )
    places[owner, within] = scores.cells[chosen] - owner * scores.width
    keys[owner, within] = scores.keys[chosen]
    mains[owner, within] = main
    values[owner, within] = given[np.arange(len(chosen)), main]
    return Pools(places, keys, mains, values, given, np.cumsum(counts) - counts, scores.liked.count)


def _best(keys: Floats, scores: Scores, count: int) -> Ints:
    """The cells of each reader's `count` highest keys, one for each of the scores' cells, in no order; none that is NOBODY."""
    readers, width = len(scores.matched), scores.width
    table: Floats = np.full((readers, width), NOBODY)
    table.ravel()[scores.cells] = keys
    rows = np.arange(readers)[:, None]
    places: Ints = np.broadcast_to(np.arange(width), table.shape)
    if count * BLOCK < width:
        # A block's places lie apart from each other, so that whole rows can be compared at a time.
        apart = width // BLOCK
        blocks = table.reshape(readers, BLOCK, apart).max(axis=1)
        best = np.argpartition(blocks, apart - count, axis=1)[:, -count:]
        places = (best[:, :, None] + apart * np.arange(BLOCK)).reshape(readers, count * BLOCK)
        table = table[rows, places]
    if count < table.shape[1]:
        best = np.argpartition(table, table.shape[1] - count, axis=1)[:, -count:]
        places, table = places[rows, best], table[rows, best]
    found: Ints = (rows * width + places)[table > NOBODY]
    return found


def _best_of_each(scores: Scores, entries_at: npt.NDArray[np.int32]) -> Ints:
    """Where the FROM_EACH best cells of every interest are."""
    open_ = np.flatnonzero(entries_at < len(scores.cells))
    at, run = entries_at[open_], scores.entries.run[open_]
    if not len(run):
        return open_
    keys = scores.keys[at]
    starts = np.flatnonzero(np.concatenate([[True], run[1:] != run[:-1]]))
    lengths = np.diff(np.append(starts, len(run)))
    found = []
    for _ in range(FROM_EACH):
        best = np.repeat(np.maximum.reduceat(keys, starts), lengths)
        top = np.flatnonzero((keys == best) & (best > NOBODY))
        found.append(at[top])
        keys[top] = NOBODY
    return np.concatenate(found)
