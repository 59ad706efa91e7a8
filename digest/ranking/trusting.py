"""How far a reader's likes are trusted: whether each of them is recognised by the taste of the others.

A like's recognition is how much likelier it is than a paper of the window to lie near to the taste of the other likes,

    g_i = max(2 A_i - 1, 0),

A_i being the share of papers beside it that are less like that taste (half of those just as like): the area under the curve of
a leave-one-out trial, and g Somers' D. With the `JUDGED` weightiest likes, J of them, all that the likes give is multiplied by

    (sum of g_i + vote_trust) / (J + vote_trust).

Likes that have nothing in common agree by accident on words that say nothing, and such a taste must not outweigh words typed. A
single like has no other to be recognised by.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from digest.ranking.layers import Floats, Ints
from digest.ranking.votes import Cast, heaviest

JUDGED = 3
"""How many likes of a reader are tried, the weightiest."""
BESIDE = 64
"""With how many papers of the window, evenly taken, a like is compared."""


class Trials:
    """Which taste must recognise which like, for readers' casts and for what is left of each without one vote.

    Casts are counted: first the readers' own, then `rests`, then `pairs`, without two votes, whose taste only serves trials.
    """

    def __init__(self, casts: Sequence[Cast], shown: Sequence[Sequence[int]]) -> None:
        """`shown` are each cast's places of votes without which it is wanted too; the JUDGED weightiest are among them."""
        self.casts = casts
        self.rests = [cast.without(vote) for cast, each in zip(casts, shown, strict=True) for vote in each]
        self.pairs: list[Cast] = []
        whose = [number for number, each in enumerate(shown) for _ in each]
        pairs_of: list[int] = []
        whole: list[int] = []
        taste: list[int] = []
        like: list[int] = []
        first = len(casts)
        for number, (cast, each) in enumerate(zip(casts, shown, strict=True)):
            without = {vote: first + at for at, vote in enumerate(each)}
            first += len(each)
            if len(cast.rows) < 2:
                continue
            tried = heaviest(cast, JUDGED)
            whole += [number] * len(tried)
            taste += [without[vote] for vote in tried]
            like += [cast.rows[vote] for vote in tried]
            if len(cast.rows) < 3:
                continue
            pairs: dict[tuple[int, int], int] = {}
            for vote in each:
                rest = self.rests[without[vote] - len(casts)]
                for other in heaviest(rest, JUDGED):
                    also = other + (other >= vote)
                    key = (min(vote, also), max(vote, also))
                    if key not in pairs:
                        pairs[key] = len(self.pairs)
                        self.pairs.append(rest.without(other))
                        pairs_of.append(number)
                    whole.append(without[vote])
                    taste.append(-1 - pairs[key])
                    like.append(rest.rows[other])
        self.readers = np.array([*range(len(casts)), *whose, *pairs_of], np.int64)
        """Whose each of the casts counted is."""
        self._whole = np.array(whole, np.int64)
        numbers: Ints = np.array(taste, np.int64)
        self._taste = np.where(numbers < 0, first - 1 - numbers, numbers)
        self._like = np.array(like, np.int64)

    def trust(self, tastes: sparse.csr_array, likes: sparse.csr_array, beside: sparse.csr_array, prior: float) -> Floats:
        """How far casts and rests are trusted, in (0, 1].

        `tastes` are those of all casts counted, `likes` the contents of the papers voted on, `beside` (phrases x papers) those
        of papers to compare with, all in whole numbers, whose sums are exact.
        """
        judged = np.array([min(len(cast.rows), JUDGED) for cast in (*self.casts, *self.rests)], np.float64)
        recognised: Floats = np.zeros(len(judged))
        if len(self._whole) and beside.shape[1]:
            tried = tastes[self._taste]
            own = np.asarray(tried.multiply(likes[self._like]).sum(axis=1)).ravel()[:, None]
            others = (tastes @ beside).toarray()[self._taste]
            nearer = (others < own).mean(axis=1) + 0.5 * (others == own).mean(axis=1)
            recognised += np.bincount(self._whole, np.maximum(2.0 * nearer - 1.0, 0.0), len(judged))
        trust: Floats = (recognised + prior) / (judged + prior)
        return trust
