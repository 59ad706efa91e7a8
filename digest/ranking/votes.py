"""What a reader's votes say: the words and phrases on which the liked papers agree.

Like i weighs r_i, 1 when cast and halved every `vote_half_life_days`. Let s_it be the presence of phrase t in it, n the sum of
r_i, k_t the sum over the likes that hold t, m_t the sum of r_i s_it, p_t the share of the corpus that holds t, and

    phi(k) = (max(k - agreement_chance n p_t, 0) / (k + agreement_at_half)) ** 4.

The taste is a vector over phrases,

    u_t = m_t / n * phi(k_t) * rarity_t ** rarity_power,

of which the `vote_terms` that can tell papers apart best are kept, at length 1. A paper with content vector x, of length 1 too,
scores v / (v + vote_at_half), v = (x . u) n / (n + vote_confidence). This is Rocchio's centroid (1971) weighted by agreement:
what one liked paper says alone may be an accident, what several say is the taste; and a word that every paper says is agreed on
by chance.

A vote's own part of a score is what the score would lose without that vote; it is negative where the vote speaks for something
else.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.configuration import Configuration
from digest.ranking.index import Index, unit_rows
from digest.ranking.inputs import Paper, Vote
from digest.ranking.layers import Floats, Ints, spread
from digest.ranking.trending import DAY
from digest.ranking.trimming import KEPT, MOST_LIKES, Heads, left_out, trimmed

LIKES = ("more", "save")
DISLIKES = ("less", "mute")
FAINTEST = 2.0**-20
"""A vote never fades below this weight."""
REMEMBERED = 4_000
"""Papers voted on, and no candidates, that are kept read; more are forgotten together."""

_Text = tuple[str, str, tuple[str, ...]]
_Places = npt.NDArray[np.integer[Any]]


class Cast(NamedTuple):
    """Votes of one sign of one reader: rows of the batch's `Read`, and weights."""

    votes: tuple[Vote, ...]
    rows: tuple[int, ...]
    weights: tuple[float, ...]

    def without(self, vote: int) -> "Cast":
        """The same but for one vote, given by its place."""
        return Cast(
            self.votes[:vote] + self.votes[vote + 1 :],
            self.rows[:vote] + self.rows[vote + 1 :],
            self.weights[:vote] + self.weights[vote + 1 :],
        )


NO_VOTES = Cast((), (), ())


class Read:
    """The papers on which the readers of one batch have voted: their phrases, and their content vectors."""

    def __init__(
        self,
        presence: sparse.csr_array,
        content: sparse.csr_array,
        heads: Heads,
        rows: dict[_Text, int],
        now: float,
        half_life: float,
    ) -> None:
        self.content = content
        self.heads = heads
        # The presence in the real part and 1 in the imaginary one: a single product gives two sums over the same cells.
        cells = (presence.data + 1j, presence.indices, presence.indptr)
        self.presence = sparse.csr_array(cells, shape=presence.shape)
        self._rows = rows
        self._now = now
        self._half_life = half_life

    def cast(self, votes: Iterable[Vote]) -> Cast:
        """Votes with what they count now."""
        own = tuple(votes)
        return Cast(own, tuple(self._rows[_text(vote.paper)] for vote in own), tuple(self._weight(vote) for vote in own))

    def _weight(self, vote: Vote) -> float:
        age = max(self._now - vote.at, 0.0) / DAY
        return max(math.exp2(-min(age / self._half_life, 64.0)), FAINTEST)


class Ballot:
    """Compares the papers of a batch with what its readers voted on."""

    def __init__(self, papers: Sequence[Paper], index: Index, configuration: Configuration) -> None:
        self._index = index
        self.configuration = configuration
        self._candidates = {_text(paper): row for row, paper in enumerate(papers)}
        self._others: dict[_Text, tuple[_Places, Floats]] = {}
        self._by_chance = configuration.agreement_chance * index.share
        self._worth = index.rarity**configuration.rarity_power
        self._telling = index.rarity * index.share**0.25

    def read(self, votes: Iterable[Vote], now: float) -> Read:
        """The papers voted on; those that are candidates too, or were voted on before, are not read again."""
        wanted = {_text(vote.paper): vote.paper for vote in votes}
        if len(self._others) > REMEMBERED:
            self._others.clear()
        new = {text: paper for text, paper in wanted.items() if text not in self._candidates and text not in self._others}
        if new:
            read = self._index.read(list(new.values()))
            for text, start, end in zip(new, read.indptr[:-1].tolist(), read.indptr[1:].tolist(), strict=True):
                self._others[text] = (read.indices[start:end], read.data[start:end])
        rows = {text: row for row, text in enumerate(wanted)}
        presence = self._stacked(list(wanted))
        heads = Heads(presence, self._worth * self._telling, round(KEPT * self.configuration.vote_terms))
        return Read(presence, self._index.weighed(presence), heads, rows, now, self.configuration.vote_half_life_days)

    def _stacked(self, texts: Sequence[_Text]) -> sparse.csr_array:
        presence = self._index.presence
        parts: list[tuple[_Places, Floats]] = []
        for text in texts:
            row = self._candidates.get(text)
            if row is None:
                parts.append(self._others[text])
            else:
                start, end = presence.indptr[row : row + 2]
                parts.append((presence.indices[start:end], presence.data[start:end]))
        indptr = np.cumsum([0, *(len(indices) for indices, _ in parts)])
        indices = np.concatenate([indices for indices, _ in parts]) if parts else np.empty(0, np.int32)
        data = np.concatenate([data for _, data in parts]) if parts else np.empty(0)
        return sparse.csr_array((data, indices, indptr), shape=(len(parts), presence.shape[1]))

    def taste(self, reader: Cast, read: Read) -> tuple[Ints, Floats]:
        """u of one reader, times n / (n + vote_confidence): phrases by their place in the model, and their weights."""
        taste = self.tastes([reader], read)
        return taste.indices.astype(np.int64), taste.data

    def tastes(self, casts: Sequence[Cast], read: Read, readers: Ints | None = None) -> sparse.csr_array:
        """u for each cast, times n / (n + vote_confidence).

        `readers` tells whose each cast is, counted from 0: the first casts are all that one reader likes each, in that order,
        and the others are parts of these. Then phrases that cannot matter are not looked at.
        """
        sizes = np.array([len(cast.rows) for cast in casts], np.int64)
        rows = np.array([row for cast in casts for row in cast.rows], np.int64)
        weights = np.array([weight for cast in casts for weight in cast.weights], np.float64)
        if readers is None or int(sizes.max(initial=0)) > MOST_LIKES:
            return self._tastes(sizes, rows, weights, read.presence)[0]
        bound = left_out(read.heads.others[rows], weights, sizes, self.configuration.agreement_at_half)
        likes = int(sizes[: int(readers.max(initial=-1)) + 1].sum())
        presence, own = trimmed(read.presence, read.heads.flags, rows, np.repeat(readers, sizes), likes)
        tastes, least = self._tastes(sizes, own, weights, presence)
        unsure = np.flatnonzero((bound >= 0) & (least <= bound))
        if not len(unsure):
            return tastes
        whole = self.tastes([casts[each] for each in unsure.tolist()], read)
        order = np.arange(len(casts))
        order[unsure] = len(casts) + np.arange(len(unsure))
        both: sparse.csr_array = sparse.vstack([tastes, whole], format="csr")[order]
        return both

    def _tastes(self, sizes: Ints, rows: Ints, weights: Floats, presence: sparse.csr_array) -> tuple[sparse.csr_array, Floats]:
        """u for casts of such sizes, made of rows of `presence`; and how telling the least telling phrase kept of each is."""
        configuration = self.configuration
        count = len(sizes)
        indptr = np.concatenate([[0], np.cumsum(sizes)])
        sums = sparse.csr_array((weights, rows, indptr), shape=(count, presence.shape[0])) @ presence
        mentions, held, phrase = sums.data.real, sums.data.imag, sums.indices
        votes = np.bincount(np.repeat(np.arange(count), sizes), weights, count)
        lengths = np.diff(sums.indptr)
        # What is the same for a whole row is left out: rows are brought to length 1 in the end.
        taste = self._by_chance[phrase]
        taste *= np.repeat(-votes, lengths)
        taste += held
        np.maximum(taste, 0.0, out=taste)
        taste /= held + configuration.agreement_at_half
        taste *= taste
        taste *= taste
        taste *= mentions
        taste *= self._worth[phrase]
        kept, least = self._most_telling(taste, phrase, lengths)
        owner: Ints = np.repeat(np.arange(count), lengths)[kept]
        order = np.argsort(owner * sums.shape[1] + phrase[kept])
        kept, owner = kept[order], owner[order]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))])
        tastes = unit_rows(sparse.csr_array((taste[kept], phrase[kept], indptr), shape=sums.shape))
        tastes.data *= (votes / np.maximum(votes + configuration.vote_confidence, FAINTEST))[owner]
        return tastes, least

    def _most_telling(self, taste: Floats, phrase: _Places, lengths: Ints) -> tuple[Ints, Floats]:
        """Where each row's phrases are that tell papers apart best: heavy, rare, yet common enough to be met.

        Of equal ones those of the lower numbers. And how telling the least telling of each row is, -1 where there is room left.
        """
        most = self.configuration.vote_terms
        longest = int(lengths.max(initial=0))
        if longest < most:
            return np.arange(len(taste)), np.full(len(lengths), -1.0)
        telling = taste * self._telling[phrase]
        row, within = spread(lengths)
        table = np.full((len(lengths), longest), -1.0)
        table[row, within] = telling
        table.partition(longest - most, axis=1)
        least = table[:, longest - most]
        of_row = least[row]
        kept = np.flatnonzero(telling > of_row)
        room = most - np.bincount(row[kept], minlength=len(lengths))
        equal = np.flatnonzero(telling == of_row)
        equal = equal[np.argsort(row[equal] * len(self._telling) + phrase[equal])]
        rows = row[equal]
        firsts = np.searchsorted(rows, np.arange(len(lengths)))
        equal = equal[np.arange(len(rows)) - firsts[rows] < room[rows]]
        return np.concatenate([kept, equal]), least


def heaviest(cast: Cast, most: int) -> Sequence[int]:
    """Places of at most so many votes, ascending: the weightiest, of equal ones the first."""
    if len(cast.votes) <= most:
        return range(len(cast.votes))
    return sorted(sorted(range(len(cast.votes)), key=lambda vote: -cast.weights[vote])[:most])


def _text(paper: Paper) -> _Text:
    """What of a paper decides its vector."""
    return (paper.title, paper.abstract, paper.keywords)
