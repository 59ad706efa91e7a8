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
from digest.ranking.inputs import Interest, Profile
from digest.ranking.layers import Bools, Floats, Ints, spread
from digest.ranking.matching import Column
from digest.ranking.selection import NOBODY, Pools
from digest.ranking.votes import Ballot, Cast, Given, Read

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
    """What a group of readers may be shown: `cells`, ascending, each of an `owner`; those of reader r begin at `starts[r]`.

    `keys` order a reader's papers: the score less a trifle for the place, NOBODY for a cell that may not fill an ordinary place.
    `by_likes` is what the likes give of it. `outside` (readers x talked-of papers): allowed, and met by nothing liked or
    disliked. `matched` counts each reader's keys that are not NOBODY.
    """

    entries: Entries
    cells: Ints
    owner: Ints
    starts: Ints
    keys: Floats
    by_likes: Floats
    liked: Given
    disliked: Given
    outside: Bools
    matched: list[int]

    def entries_at(self) -> Ints:
        """The place of each entry's cell among `cells`, one past the last for a cell that is not there."""
        place: npt.NDArray[np.int32] = np.full(len(self.starts) * self.liked.papers, len(self.cells), np.int32)
        place[self.cells] = np.arange(len(self.cells))
        return place[self.entries.cells].astype(np.int64)


def entries_of(readers: Sequence[Reader], columns: Columns, papers: int) -> Entries:
    """All that the interests of a group give."""
    counts = np.array([len(reader.columns) for reader in readers], np.int64)
    owner, interest = spread(counts)
    column = np.array([column for reader in readers for column in reader.columns], np.int64)
    run, within = spread(columns.sizes[column])
    at = columns.starts[column][run] + within
    return Entries((owner * papers)[run] + columns.papers[at], interest[run], run, columns.values[at])


def scores_of(
    readers: Sequence[Reader],
    columns: Columns,
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
    shape = (len(readers), len(everyone))
    entries = entries_of(readers, columns, shape[1])
    wanted: Floats = np.bincount(entries.cells, entries.values, shape[0] * shape[1]).astype(np.float64, copy=False)
    liked = ballot.given([reader.likes for reader in readers], read, configuration.vote)
    disliked = ballot.given([reader.dislikes for reader in readers], read, configuration.less)
    allowed = _allowed(readers, shape, liked)
    met: Bools = wanted > 0
    if liked.some:
        floor = configuration.vote_floor * configuration.vote
        met[liked.at_least(np.maximum(floor, configuration.vote_floor_share * liked.most()))] = True
    outside = ~met.reshape(shape)[:, talked_of] & allowed[:, talked_of]
    if disliked.some:
        rows, columns_ = np.nonzero(outside)
        faint = disliked.at(rows, talked_of[columns_]) < configuration.less * max(configuration.vote_floor, 1e-9)
        outside[rows, columns_] = faint
    known = np.array([reader.known for reader in readers], bool)
    fits = met.reshape(shape) & allowed
    fits[~known] = allowed[~known]
    cells = np.flatnonzero(allowed if all_allowed else fits)
    owner = cells // max(shape[1], 1)
    place = cells - owner * shape[1]
    by_likes = liked.at(owner, place)
    keys = wanted[cells] + by_likes
    good = fits.ravel()[cells]
    if disliked.some:
        against = disliked.at(owner, place)
        good &= (keys > against) | ~known[owner]
        keys -= against
    keys += (everyone - TIE * np.arange(shape[1]))[place]
    if disliked.some or all_allowed:
        keys[~good] = NOBODY
    counts = np.bincount(owner, minlength=shape[0])
    matched = np.bincount(owner[good], minlength=shape[0]).tolist()
    return Scores(entries, cells, owner, np.cumsum(counts) - counts, keys, by_likes, liked, disliked, outside, matched)


def _allowed(readers: Sequence[Reader], shape: tuple[int, int], liked: Given) -> Bools:
    """Readers x papers: what may be shown. What may not is no longer liked by anybody."""
    allowed = np.ones(shape, bool)
    for row, reader in enumerate(readers):
        inside = reader.eligible.inside
        if inside is not None:
            allowed[row] = inside
            liked.close(row, ~inside)
    rows: Ints = np.repeat(np.arange(shape[0]), [len(reader.eligible.left_out) for reader in readers])
    places = np.array([place for reader in readers for place in reader.eligible.left_out], np.int64)
    allowed[rows, places] = False
    liked.close(rows, places)
    return allowed


def pools_of(readers: Sequence[Reader], scores: Scores, size: int, near_misses: int) -> Pools:
    """The papers worth choosing from: each reader's best, the best of each interest, and the best by votes alone."""
    wanted = np.zeros(len(scores.cells), bool)
    wanted[_best(scores.keys, scores.owner, scores.starts, max(SPARE * size, size + near_misses))] = True
    at = scores.entries_at()
    wanted[_best_of_each(scores, at)] = True
    if scores.liked.some:
        mixed = np.array([bool(reader.likes.rows and reader.columns) for reader in readers], bool)
        wanted[_best_liked(scores, mixed)] = True
    return _pools(np.flatnonzero(wanted), at, scores)


def pools_of_all(scores: Scores) -> Pools:
    """All cells of the scores, as a pool."""
    return _pools(np.arange(len(scores.cells)), scores.entries_at(), scores)


def _pools(chosen: Ints, entries_at: Ints, scores: Scores) -> Pools:
    """Cells, by their place among those of the scores, as a pool, with what each interest and the likes give each of them."""
    readers, entries = len(scores.starts), scores.entries
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
    places[owner, within] = scores.cells[chosen] - owner * scores.liked.papers
    keys[owner, within] = scores.keys[chosen]
    mains[owner, within] = main
    values[owner, within] = given[np.arange(len(chosen)), main]
    return Pools(places, keys, mains, values, given, np.cumsum(counts) - counts)


def _best(keys: Floats, owner: Ints, starts: Ints, count: int) -> Ints:
    """Where each owner's `count` highest keys are, in no order, and none that is NOBODY. Owners ascend, from `starts` on."""
    sizes = np.bincount(owner, minlength=len(starts))
    width = int(sizes.max(initial=0))
    if width <= count:
        found: Ints = np.flatnonzero(keys > NOBODY)
        return found
    width += -width % BLOCK
    table = np.full((len(starts), width), NOBODY)
    table[owner, np.arange(len(keys)) - starts[owner]] = keys
    rows = np.arange(len(starts))[:, None]
    places: Ints = np.arange(width)[None, :]
    if count * BLOCK < width:
        # A block's places lie apart from each other, so that whole rows can be compared at a time.
        apart = width // BLOCK
        blocks = table.reshape(len(starts), BLOCK, apart).max(axis=1)
        best = np.argpartition(blocks, apart - count, axis=1)[:, -count:]
        places = (best[:, :, None] + apart * np.arange(BLOCK)).reshape(len(starts), count * BLOCK)
        table = table[rows, places]
    best = np.argpartition(table, table.shape[1] - count, axis=1)[:, -count:]
    places = np.take_along_axis(np.broadcast_to(places, table.shape), best, axis=1)
    at: Ints = (starts[:, None] + places)[np.take_along_axis(table, best, axis=1) > NOBODY]
    return at


def _best_of_each(scores: Scores, entries_at: Ints) -> Ints:
    """Where the FROM_EACH best cells of every interest are."""
    open_ = np.flatnonzero(entries_at < len(scores.cells))
    at, run = entries_at[open_], scores.entries.run[open_]
    if not len(run):
        return run
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


def _best_liked(scores: Scores, readers: Bools) -> Ints:
    """Where the FROM_EACH cells are that the votes alone would choose, for the given readers."""
    mixed = np.flatnonzero(readers[scores.owner] & (scores.by_likes > 0) & (scores.keys > NOBODY))
    owner = scores.owner[mixed]
    keys = scores.by_likes[mixed] - TIE * (scores.cells[mixed] - owner * scores.liked.papers)
    counts = np.bincount(owner, minlength=len(scores.starts))
    found: Ints = mixed[_best(keys, owner, np.cumsum(counts) - counts, FROM_EACH)]
    return found
