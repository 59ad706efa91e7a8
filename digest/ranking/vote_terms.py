"""What single votes give single papers: what the votes' part of a score would lose without each of them."""

from collections.abc import Sequence

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.explaining import TOGETHER, voted
from digest.ranking.layers import Floats, Ints, spread
from digest.ranking.slates import Term
from digest.ranking.votes import Ballot, Cast, Read

VOTES_SHOWN = 8
"""Of how many votes, the weightiest, the own part in a score is worked out; the others stay together."""


class VoteTerms:
    """Adds to the terms of shown papers those that the votes give."""

    def __init__(self, ballot: Ballot, read: Read, configuration: Configuration) -> None:
        self._ballot = ballot
        self._read = read
        self._configuration = configuration

    def add(self, own: Sequence[list[Term]], name: str, casts: Sequence[Cast], whole: Floats, owner: Ints, place: Ints) -> None:
        """`name` is vote or less. `whole` (readers x papers, weighted, not negative) is what the votes give together, empty if

        there are none. `own[i]` belongs to the paper at place[i] and the reader owner[i].
        """
        if not whole.size or not len(owner):
            return
        weight: float = getattr(self._configuration, name)
        sign = 1.0 if name == "vote" else -1.0
        variants = [_weightiest(cast) for cast in casts]
        counts = np.array([len(each) for each in variants], np.int64)
        first = np.cumsum(counts) - counts
        rests = [cast.without(vote) for cast, each in zip(casts, variants, strict=True) for vote in each]
        total = whole[owner, place]
        # A vote may also take away what the others would have given alone, down to nothing.
        some = np.flatnonzero(counts[owner])
        pair, number = spread(counts[owner[some]])
        without = self._ballot.scores_of(rests, self._read, weight, first[owner[some]][pair] + number, place[some][pair])
        lost = np.zeros((len(some), int(counts.max(initial=0))))
        lost[pair, number] = total[some][pair] - without
        together, all_words = TOGETHER[name]
        said = [
            [(cast.votes[vote].handle, voted(cast.votes[vote])) for vote in each]
            for cast, each in zip(casts, variants, strict=True)
        ]
        left = total[some] - lost.sum(axis=1)
        for at, reader, parts, rest in zip(some.tolist(), owner[some].tolist(), lost.tolist(), left.tolist(), strict=True):
            terms = own[at]
            for (handle, words), value in zip(said[reader], parts, strict=False):
                if value:
                    terms.append(Term(name, sign * value, handle, words))
            if rest:
                terms.append(Term(together, sign * rest, "", all_words))


def _weightiest(cast: Cast) -> Sequence[int]:
    """Places of the votes whose own part is worked out."""
    if len(cast.votes) <= VOTES_SHOWN:
        return range(len(cast.votes))
    order = sorted(range(len(cast.votes)), key=lambda vote: (-cast.weights[vote], cast.votes[vote].handle))
    return sorted(order[:VOTES_SHOWN])
