"""Fewer phrases to look at: those of liked papers that can be among the most telling of a taste, and no others.

Of a reader's likes a phrase that one alone holds gives at most

    r (r / (r + agreement_at_half)) ** 4 * g,    g = presence * rarity ** rarity_power * tellingness,

so of such phrases only each paper's KEPT largest by g are looked at, beside all that two likes or more hold. A taste is sure
when the least telling phrase that it keeps tells more than whatever was left out could; the others are made from everything.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.layers import Bools, Floats, Ints, spread

KEPT = 1.5
"""Phrases kept of each paper, for each that a taste has."""
BUCKETS = 1 << 14
"""Phrases are counted by remainder: now and then two of them count as one, and a phrase too many is kept."""
MOST_LIKES = 255
"""Of more likes of one reader the counts would not fit into octets."""


class Heads:
    """Which phrases of papers are among the largest by g, and the most that any other phrase of a paper has (-1: no other)."""

    def __init__(self, presence: sparse.csr_array, worth: Floats, count: int) -> None:
        """`worth` is what g is of the presence, by phrase; `count` are kept of each paper, and more if they are equal."""
        sizes = np.diff(presence.indptr)
        rows, longest = len(sizes), int(sizes.max(initial=0))
        g = presence.data * worth[presence.indices]
        if longest <= count:
            self.flags: Bools = np.ones(len(g), bool)
            self.others: Floats = np.full(rows, -1.0)
            return
        table = np.full((rows, longest), -1.0)
        row, within = spread(sizes)
        table[row, within] = g
        table.partition(longest - count, axis=1)
        least = table[:, longest - count]
        self.flags = g >= least[row]
        self.others = np.full(rows, -1.0)
        left = np.flatnonzero(~self.flags)
        np.maximum.at(self.others, row[left], g[left])


def trimmed(presence: sparse.csr_array, flags: Bools, rows: Ints, readers: Ints, likes: int) -> tuple[sparse.csr_array, Ints]:
    """For likes (`rows` of `presence`, each with its reader): a matrix of fewer phrases, and the row of each like in it.

    The first `likes` of them are all that the readers like, the others are some of these again.
    """
    keys = readers * presence.shape[0] + rows
    own, first = np.unique(keys[:likes], return_index=True)
    starts = presence.indptr[rows[:likes]]
    run, at = spread(presence.indptr[rows[:likes] + 1] - starts)
    at += starts[run]
    phrases = presence.indices[at]
    buckets = (phrases & (BUCKETS - 1)) + (readers[:likes] * BUCKETS)[run]
    counts: npt.NDArray[np.uint8] = np.zeros((int(readers.max(initial=0)) + 1) * BUCKETS, np.uint8)
    np.add.at(counts, buckets, np.uint8(1))
    kept = flags[at] | (counts[buckets] > 1)
    # A paper liked twice is one row.
    place = np.full(likes, -1, np.int64)
    place[first] = np.arange(len(first))
    kept &= place[run] >= 0
    kept_at = np.flatnonzero(kept)
    row = place[run[kept_at]]
    order = np.argsort(row, kind="stable")
    kept_at, row = kept_at[order], row[order]
    indptr = np.searchsorted(row, np.arange(len(first) + 1))
    cells = (presence.data[at[kept_at]], phrases[kept_at], indptr)
    return sparse.csr_array(cells, shape=(len(first), presence.shape[1])), np.searchsorted(own, keys)


def left_out(others: Floats, weights: Floats, sizes: Sequence[int] | Ints, at_half: float) -> Floats:
    """The most that a phrase left out could tell in each taste, -1 where none is; `others` and `weights` are of its likes."""
    most = np.where(others < 0, -1.0, weights * (weights / (weights + at_half)) ** 4 * others * (1.0 + 1e-9))
    bound: Floats = np.full(len(sizes), -1.0)
    np.maximum.at(bound, np.repeat(np.arange(len(sizes)), sizes), most)
    return bound
