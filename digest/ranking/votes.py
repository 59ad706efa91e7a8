"""What a reader's votes say: the words and phrases on which the liked papers agree.

With likes i of weight r_i (1 when cast, halved every `vote_half_life_days`) and content vectors c_i, a term's weight is

    u_t = (sum_i r_i c_it / n) * (k_t / n)^2,    k_t = sum of r_i over the likes that hold t,    n = sum of r_i,

after Rocchio (1971) with the centroid weighted by agreement: what one liked paper says alone may be an accident, what all of
them say is the taste. A vote's own share of a score is what the score would lose without that vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.content import Floats, Index, Ints
from digest.ranking.inputs import Paper, Vote
from digest.ranking.trending import DAY

LIKES = ("more", "save")
DISLIKES = ("less", "mute")


@dataclass(frozen=True, slots=True)
class Taste:
    """The votes of one sign of one reader: rows into the ballot's papers, and weights by age."""

    votes: tuple[Vote, ...]
    rows: Ints
    weights: Floats


class Ballot:
    """The papers voted on by the readers of a batch, as vectors over the batch's vocabulary."""

    def __init__(self, papers: Sequence[Paper], index: Index, configuration: Configuration) -> None:
        distinct = {(paper.id, paper.revision): paper for paper in papers}
        self._index = index
        self._half_life = configuration.vote_half_life_days
        self._rows = {key: row for row, key in enumerate(distinct)}
        self._vectors = index.weigh(index.encode(list(distinct.values())))

    def taste(self, votes: Sequence[Vote], kinds: Sequence[str], now: float) -> Taste | None:
        """The votes of the given kinds, None when there are none."""
        chosen = tuple(vote for vote in votes if vote.kind in kinds)
        if not chosen:
            return None
        rows = np.array([self._rows[vote.paper.id, vote.paper.revision] for vote in chosen], np.int64)
        ages = np.array([max(now - vote.at, 0.0) / DAY for vote in chosen])
        return Taste(chosen, rows, 0.5 ** (ages / self._half_life))

    def scores(self, taste: Taste) -> Floats:
        """How much each paper of the batch is like what the votes agree on, in [0, 1]."""
        vectors = self._vectors[taste.rows].toarray()
        scores: Floats = np.clip(self._index.content @ _agreed(vectors, taste.weights), 0.0, 1.0)
        return scores

    def without_each(self, taste: Taste, paper: int) -> Floats:
        """What a paper's score from the votes would be without each of them."""
        row = self._index.content[[paper]]
        vectors = self._vectors[taste.rows][:, row.indices].toarray()
        without = np.zeros(len(taste.rows))
        for place in range(len(taste.rows) if len(taste.rows) > 1 else 0):
            rest = _agreed(np.delete(vectors, place, axis=0), np.delete(taste.weights, place))
            without[place] = np.clip(row.data @ rest, 0.0, 1.0)
        return without


def _agreed(vectors: Floats, weights: Floats) -> Floats:
    total = weights.sum()
    if total <= 0:
        return np.zeros(vectors.shape[1])
    shares = weights / total
    agreement = shares @ (vectors > 0)
    weights_of_terms: Floats = (shares @ vectors) * agreement**2
    return weights_of_terms
