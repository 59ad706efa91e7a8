"""What a reader's votes say: the words and phrases on which the liked papers agree.

With likes i of weight r_i (1 when cast, halved every `vote_half_life_days`, n their sum), content vectors c_i and the rarity
w_t of a term, the taste is the direction

    u_t = (sum_i r_i c_it / n) * sqrt(w_t) * (k_t / n)^3,    k_t = sum of r_i over the likes that hold t,

after Rocchio (1971) with the centroid weighted by agreement: what one liked paper says alone may be an accident, what all of
them say is the taste. A paper's likeness is the cosine s between its content vector and u, and counts as s / (s + vote_half), 0
below vote_floor. A vote's own share of a score is what the score would lose without that vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.content import Floats, Index, Ints
from digest.ranking.inputs import Paper, Vote
from digest.ranking.trending import DAY

LIKES = ("more", "save")
DISLIKES = ("less", "mute")
AGREEMENT = 3
"""The power of the share of the likes that hold a term. 2 and 4 measured worse."""


@dataclass(frozen=True)
class Taste:
    """The votes of one sign of one reader over the terms that any of them holds: `columns` of the vocabulary, ascending."""

    votes: tuple[Vote, ...]
    weights: Floats
    columns: Ints
    vectors: Floats
    emphasis: Floats

    @cached_property
    def direction(self) -> Floats:
        """The taste, at unit length; zeros when the votes have aged to nothing or share no word with the batch."""
        return self._directions(self._sums, self._held, self.weights.sum())

    @cached_property
    def without_each(self) -> Floats:
        """A row for each vote: the taste without it."""
        own = self.weights[:, None]
        rest = (self.weights.sum() - self.weights)[:, None]
        return self._directions(self._sums - own * self.vectors, self._held - own * (self.vectors > 0), rest)

    @cached_property
    def _sums(self) -> Floats:
        sums: Floats = self.weights @ self.vectors
        return sums

    @cached_property
    def _held(self) -> Floats:
        held: Floats = self.weights @ (self.vectors > 0)
        return held

    def _directions(self, sums: Floats, held: Floats, total: Floats) -> Floats:
        some = np.where(total > 0, total, 1.0)
        agreed = sums / some * self.emphasis * (np.maximum(held, 0.0) / some) ** AGREEMENT * (total > 0)
        length = np.linalg.norm(agreed, axis=-1, keepdims=True)
        directions: Floats = np.maximum(agreed, 0.0) / np.where(length > 0, length, 1.0)
        return directions


class Ballot:
    """The papers voted on by the readers of a batch, as vectors over the batch's vocabulary."""

    def __init__(self, papers: Sequence[Paper], index: Index, configuration: Configuration) -> None:
        distinct = {(paper.id, paper.revision): paper for paper in papers}
        self._index = index
        self._configuration = configuration
        self._rows = {key: row for row, key in enumerate(distinct)}
        self._vectors = index.weigh(index.encode(list(distinct.values())))

    def taste(self, votes: Sequence[Vote], kinds: Sequence[str], now: float) -> Taste | None:
        """The votes of the given kinds, None when there are none."""
        chosen = tuple(vote for vote in votes if vote.kind in kinds)
        if not chosen:
            return None
        ages = np.array([max(now - vote.at, 0.0) / DAY for vote in chosen])
        rows = self._vectors[np.array([self._rows[vote.paper.id, vote.paper.revision] for vote in chosen], np.int64)]
        columns, places = np.unique(rows.indices, return_inverse=True)
        vectors = np.zeros((len(chosen), len(columns)))
        vectors[np.repeat(np.arange(len(chosen)), np.diff(rows.indptr)), places] = rows.data
        weights = 0.5 ** (ages / self._configuration.vote_half_life_days)
        return Taste(chosen, weights, columns.astype(np.int64), vectors, np.sqrt(self._index.rarity[columns]))

    def scores(self, taste: Taste) -> Floats:
        """How much each paper of the batch is like what the votes agree on, in [0, 1)."""
        held = np.flatnonzero(taste.direction)
        return self._likeness(taste.direction[held] @ self._index.content_by_phrase[taste.columns[held]])

    def without_each(self, taste: Taste, paper: int) -> Floats:
        """What a paper's score from the votes would be without each of them."""
        if len(taste.votes) == 1 or not len(taste.columns):
            return np.zeros(len(taste.votes))
        columns, values = self._index.row(paper)
        at = np.minimum(np.searchsorted(taste.columns, columns), len(taste.columns) - 1)
        shared = np.flatnonzero(taste.columns[at] == columns)
        return self._likeness(taste.without_each[:, at[shared]] @ values[shared])

    def _likeness(self, cosines: Floats) -> Floats:
        counted = np.where(cosines >= self._configuration.vote_floor, np.maximum(cosines, 0.0), 0.0)
        likeness: Floats = counted / (counted + self._configuration.vote_half)
        return likeness
