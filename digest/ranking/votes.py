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
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.configuration import Configuration
from digest.ranking.exact import QUANTUM, exact
from digest.ranking.index import Index, unit_rows
from digest.ranking.inputs import Paper, Vote
from digest.ranking.layers import Bools, Floats, Ints, spread
from digest.ranking.trending import DAY

LIKES = ("more", "save")
DISLIKES = ("less", "mute")
FAINTEST = 2.0**-20
"""A vote never fades below this weight."""
REMEMBERED = 4_000
"""Papers voted on, and no candidates, that are kept read; more are forgotten together."""

UNIT = 4000.0
"""What tastes and contents are multiplied by before they are rounded to whole numbers. The sums of their products are whole
numbers below 2^24, exact in single precision, so that no order of summation can show."""
TOGETHER = 32
"""Readers whose tastes meet the papers in one product; with more of them more of it is multiplying by zero."""

_Whole = npt.NDArray[np.float32]
_Text = tuple[str, str, tuple[str, ...]]
_Places = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Cast:
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


class Given:
    """What the votes of some readers give every paper: `met` in whole numbers, papers x `column` of a reader, the last of them

    for those who have not voted. Weighted and exact when it is asked for.
    """

    def __init__(self, met: _Whole, column: Ints, weight: float, at_half: float) -> None:
        self.papers = len(met)
        self.some = met.shape[1] > 1
        self._met, self._column, self._weight, self._at_half = met, column, weight, at_half

    def at(self, readers: Ints, papers: Ints) -> Floats:
        """What each of these readers' votes give the paper beside it."""
        if not self.some:
            return np.zeros(len(readers))
        return _risen(self._met[papers, self._column[readers]], self._weight, self._at_half)

    def close(self, readers: int | Ints, papers: Bools | Ints) -> None:
        """Take these papers for unlike anything these readers have voted on."""
        self._met[papers, self._column[readers]] = 0

    def most(self) -> Floats:
        """What each reader's votes give the paper that they give most."""
        most: Floats = _risen(self._met.max(axis=0, initial=0), self._weight, self._at_half)[self._column]
        return most

    def at_least(self, floors: Floats) -> Ints:
        """The cells (reader * papers + paper) to which more than nothing, and at least the reader's floor, is given."""
        below = np.maximum(floors - 2 * QUANTUM, 0.0)
        # The floor where it is least met, or a trifle lower: few have to be looked at closely.
        lowest = np.where(below < self._weight, below * self._at_half / np.maximum(self._weight - below, QUANTUM), np.inf)
        least = np.full(self._met.shape[1], np.inf, np.float32)
        least[self._column] = np.maximum(np.floor(lowest * UNIT**2), 1.0)
        least[-1] = np.inf
        voters = np.full(self._met.shape[1], -1, np.int64)
        voters[self._column] = np.arange(len(self._column))
        column, paper = np.nonzero((self._met >= least).T)
        reader = voters[column]
        given = _risen(self._met[paper, column], self._weight, self._at_half)
        enough = (given >= floors[reader]) & (given > 0)
        cells: Ints = reader[enough] * self.papers + paper[enough]
        return cells


def _risen(met: _Whole, weight: float, at_half: float) -> Floats:
    likeness = met.astype(np.float64) / UNIT**2
    return exact(weight * likeness / (likeness + at_half))


def whole(content: sparse.csr_array) -> sparse.csr_array:
    """Vectors in whole numbers, UNIT long."""
    cells = (np.round(content.data * UNIT).astype(np.float32), content.indices.astype(np.int32), content.indptr.astype(np.int32))
    return sparse.csr_array(cells, shape=content.shape)


class Read:
    """The papers on which the readers of one batch have voted: their phrases."""

    def __init__(self, presence: sparse.csr_array, rows: dict[_Text, int], now: float, half_life: float) -> None:
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
        self._configuration = configuration
        self._candidates = {_text(paper): row for row, paper in enumerate(papers)}
        self._others: dict[_Text, tuple[_Places, Floats]] = {}
        self._content = whole(index.content)
        self._by_phrase = self._content.T.tocsr()
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
        return Read(self._stacked(list(wanted)), rows, now, self._configuration.vote_half_life_days)

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

    def given(self, readers: Sequence[Cast], read: Read, weight: float) -> "Given":
        """What the votes of each reader give the papers."""
        papers = self._content.shape[0]
        voters = [row for row, reader in enumerate(readers) if reader.rows]
        column = np.full(len(readers), len(voters), np.int64)
        column[voters] = np.arange(len(voters))
        met = np.zeros((papers, len(voters) + 1), np.float32)
        for start in range(0, len(voters), TOGETHER):
            some = voters[start : start + TOGETHER]
            named, laid_out = self._laid_out(self._tastes([readers[row] for row in some], read.presence))
            met[:, start : start + len(some)] = self._by_phrase[named].T @ laid_out
        return Given(met, column, weight, self._configuration.vote_at_half)

    def given_to(self, readers: Sequence[Cast], read: Read, weight: float, rows: Ints, places: Ints) -> Floats:
        """Single ones of what `given` holds, bit for bit: of the readers at `rows` for the papers at `places`."""
        if not len(rows):
            return np.empty(0)
        named, laid_out = self._laid_out(self._tastes(readers, read.presence))
        narrow = np.full(self._by_phrase.shape[0], -1, np.int32)
        narrow[named] = np.arange(len(named))
        wanted = np.zeros(self._content.shape[0], bool)
        wanted[places] = True
        distinct = np.flatnonzero(wanted)
        content = self._content[distinct]
        phrases = narrow[content.indices]
        met = np.flatnonzero(phrases >= 0)
        indptr = np.searchsorted(met, content.indptr)
        some = sparse.csr_array((content.data[met], phrases[met], indptr), shape=(len(distinct), len(named))) @ laid_out
        return _risen(some[(np.cumsum(wanted) - 1)[places], rows], weight, self._configuration.vote_at_half)

    @staticmethod
    def _laid_out(tastes: sparse.csr_array) -> tuple[Ints, _Whole]:
        """The phrases that any of the tastes names, and phrases x tastes in whole numbers."""
        present = np.zeros(tastes.shape[1], bool)
        present[tastes.indices] = True
        named = np.flatnonzero(present)
        laid_out = np.zeros((len(named), tastes.shape[0]), np.float32)
        narrow = np.cumsum(present) - 1
        owner = np.repeat(np.arange(tastes.shape[0]), np.diff(tastes.indptr))
        laid_out[narrow[tastes.indices], owner] = np.round(tastes.data * UNIT)
        return named, laid_out

    def taste(self, reader: Cast, read: Read) -> tuple[Ints, Floats]:
        """u of one reader, times n / (n + vote_confidence): phrases by their place in the model, and their weights."""
        taste = self._tastes([reader], read.presence)
        return taste.indices.astype(np.int64), taste.data

    def _tastes(self, readers: Sequence[Cast], presence: sparse.csr_array) -> sparse.csr_array:
        """u for each reader, times n / (n + vote_confidence)."""
        configuration = self._configuration
        sizes = np.array([len(reader.rows) for reader in readers], np.int64)
        rows = np.array([row for reader in readers for row in reader.rows], np.int64)
        weights = np.array([weight for reader in readers for weight in reader.weights], np.float64)
        indptr = np.concatenate([[0], np.cumsum(sizes)])
        cast = sparse.csr_array((weights, rows, indptr), shape=(len(readers), presence.shape[0]))
        sums = cast @ presence
        mentions, held, phrase = sums.data.real, sums.data.imag, sums.indices
        votes = np.bincount(np.repeat(np.arange(len(readers)), sizes), weights, len(readers))
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
        kept = self._most_telling(taste, phrase, lengths)
        owner: Ints = np.repeat(np.arange(len(readers)), lengths)[kept]
        kept = kept[np.lexsort((phrase[kept], owner))]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(readers)))])
        tastes = unit_rows(sparse.csr_array((taste[kept], phrase[kept], indptr), shape=sums.shape))
        tastes.data *= (votes / (votes + configuration.vote_confidence))[owner]
        return tastes

    def _most_telling(self, taste: Floats, phrase: _Places, lengths: Ints) -> Ints:
        """Where each row's phrases are that tell papers apart best: heavy, rare, yet common enough to be met.

        Of equal ones those of the lower numbers.
        """
        most = self._configuration.vote_terms
        longest = int(lengths.max(initial=0))
        if longest <= most:
            return np.arange(len(taste))
        telling = taste * self._telling[phrase]
        starts = np.cumsum(lengths) - lengths
        table = np.full((len(lengths), longest), -1.0)
        table.ravel()[np.arange(len(taste)) + np.repeat(np.arange(len(lengths)) * longest - starts, lengths)] = telling
        table.partition(longest - most, axis=1)
        least = np.repeat(table[:, longest - most], lengths)
        above = telling > least
        kept = np.flatnonzero(above)
        owner = np.repeat(np.arange(len(lengths)), lengths)
        room = most - np.bincount(owner[kept], minlength=len(lengths))
        equal = np.flatnonzero(telling == least)
        equal = equal[np.lexsort((phrase[equal], owner[equal]))]
        rows = owner[equal]
        firsts = np.searchsorted(rows, np.arange(len(lengths)))
        equal = equal[np.arange(len(rows)) - firsts[rows] < room[rows]]
        return np.concatenate([kept, equal])


def _text(paper: Paper) -> _Text:
    """What of a paper decides its vector."""
    return (paper.title, paper.abstract, paper.keywords)
