"""What votes give papers: tastes meet contents, for many readers in one product, with each vote and without it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.exact import QUANTUM, exact
from digest.ranking.layers import Bools, Floats, Ints, distinct, spread
from digest.ranking.trusting import BESIDE, Trials
from digest.ranking.votes import Ballot, Cast, Read, heaviest

UNIT = 4000.0
"""What tastes and contents are multiplied by before they are rounded to whole numbers. The sums of their products are whole
numbers below 2^24, exact in single precision, so that no order of summation can show."""
AT_ONCE = 32
"""Readers whose tastes meet the papers in one product; with more of them more of it is multiplying by zero."""
VOTES_SHOWN = 8
"""Of how many votes of a reader, the weightiest, the own part in a score is worked out; the others stay together."""

_Whole = npt.NDArray[np.float32]


class Contents:
    """The papers' content vectors in whole numbers, by paper and by phrase."""

    def __init__(self, content: sparse.csr_array) -> None:
        whole = np.round(content.data * UNIT).astype(np.float32)
        cells = (whole, content.indices.astype(np.int32), content.indptr.astype(np.int32))
        self.by_paper = sparse.csr_array(cells, shape=content.shape)
        self.by_phrase = self.by_paper.T.tocsr()
        papers = content.shape[0]
        beside = min(BESIDE, papers)
        self.beside = self.by_paper[np.arange(beside) * papers // max(beside, 1)].T.tocsr()

    def met_by(self, tastes: sparse.csr_array) -> _Whole:
        """How near every paper is to each taste: tastes x papers."""
        named, laid_out = _laid_out(tastes)
        met: _Whole = np.asarray(self.by_phrase[named].T @ laid_out).T
        return met

    def some_met_by(self, tastes: sparse.csr_array, rows: Ints, places: Ints) -> _Whole:
        """How near the papers at `places` are to the tastes beside them."""
        named, laid_out = _laid_out(tastes)
        narrow: npt.NDArray[np.int32] = np.full(self.by_phrase.shape[0], -1, np.int32)
        narrow[named] = np.arange(len(named))
        wanted = np.zeros(self.by_paper.shape[0], bool)
        wanted[places] = True
        papers = np.flatnonzero(wanted)
        content = self.by_paper[papers]
        phrases = narrow[content.indices]
        held = np.flatnonzero(phrases >= 0)
        cells = (content.data[held], phrases[held], np.searchsorted(held, content.indptr))
        near = np.asarray(sparse.csr_array(cells, shape=(len(papers), len(named))) @ laid_out)
        met: _Whole = near[(np.cumsum(wanted) - 1)[places], rows]
        return met


class Given:
    """What the votes of one sign of a group of readers give every paper, weighted and exact.

    `votes` counts each reader's votes whose own part can be told, at most VOTES_SHOWN; `count` is 1 / trust as a whole number.
    """

    def __init__(self, contents: Contents, ballot: Ballot, readers: Sequence[Cast], read: Read, name: str) -> None:
        """`name` is the weight's: vote or less."""
        self._weight: float = getattr(ballot.configuration, name)
        self._at_half = ballot.configuration.vote_at_half
        self._contents = contents
        self.papers = contents.by_paper.shape[0]
        self._voters = np.array([row for row, reader in enumerate(readers) if reader.rows], np.int64)
        self.some = len(self._voters) > 0
        self.weightiest = [heaviest(reader, VOTES_SHOWN) for reader in readers]
        self.votes = np.array([len(each) for each in self.weightiest], np.int64)
        self.count: Ints = np.ones(len(readers), np.int64)
        if not self.some:
            return
        # Readers without votes share the last row, which stays empty.
        self._row = np.full(len(readers), len(self._voters), np.int64)
        self._row[self._voters] = np.arange(len(self._voters))
        voters = self._voters.tolist()
        trials = Trials([readers[row] for row in voters], [self.weightiest[row] for row in voters])
        # Votes against are few and seldom of one kind: what they take away is not made less for that.
        pairs = trials.pairs if name == "vote" else []
        tried = [*trials.casts, *trials.rests, *pairs]
        tastes = ballot.tastes(tried, read, trials.readers[: len(tried)])
        self._rests = tastes[len(voters) : len(voters) + len(trials.rests)]
        self._trust, self._trust_without = np.ones(len(readers)), np.ones(len(trials.rests))
        if name == "vote":
            trust = trials.trust(_whole(tastes), _whole(read.content), contents.beside, ballot.configuration.vote_trust)
            self.count[self._voters] = np.rint(1.0 / trust[: len(voters)])
            self._trust[self._voters], self._trust_without = trust[: len(voters)], trust[len(voters) :]
        self._met = np.zeros((len(self._voters) + 1, self.papers), np.float32)
        for start in range(0, len(self._voters), AT_ONCE):
            end = min(start + AT_ONCE, len(self._voters))
            self._met[start:end] = contents.met_by(tastes[start:end])

    def at(self, readers: Ints, papers: Ints) -> Floats:
        """What these readers' votes give the papers beside them."""
        if not self.some:
            return np.zeros(len(readers))
        return self._risen(self._met[self._row[readers], papers], self._trust[readers])

    def without(self, votes: Ints, papers: Ints) -> Floats:
        """What would be given to these papers without the votes beside them, counted through the group's `weightiest`."""
        if not len(votes):
            return np.empty(0)
        return self._risen(self._contents.some_met_by(self._rests, votes, papers), self._trust_without[votes])

    def close(self, readers: int | Ints, papers: Bools | Ints) -> None:
        """Take these papers for unlike anything these readers have voted on."""
        if self.some:
            self._met[self._row[readers], papers] = 0

    def most(self) -> Floats:
        """What each reader's votes, fully trusted, give the paper that they give most."""
        most: Floats = self._risen(self._met.max(axis=1, initial=0))[self._row]
        return most

    def at_least(self, floors: Floats) -> tuple[Ints, Ints]:
        """Readers and papers: to which votes, fully trusted, give more than nothing and at least the reader's floor."""
        floors = floors[self._voters]
        below = np.maximum(floors - 2 * QUANTUM, 0.0)
        # Where the floor is met, or a trifle before: few have to be looked at closely.
        lowest = np.where(below < self._weight, below * self._at_half / np.maximum(self._weight - below, QUANTUM), np.inf)
        least = np.maximum(np.floor(lowest * UNIT**2), 1.0).astype(np.float32)
        near = np.flatnonzero(self._met[:-1] >= least[:, None])
        row = near // self.papers
        given = self._risen(self._met.ravel()[near])
        enough = np.flatnonzero((given >= floors[row]) & (given > 0))
        row = row[enough]
        return self._voters[row], near[enough] - row * self.papers

    def _risen(self, met: _Whole, trust: float | Floats = 1.0) -> Floats:
        likeness = met.astype(np.float64) / UNIT**2
        return exact(self._weight * trust * likeness / (likeness + self._at_half))


def vote_of(votes: Ints, owner: Ints) -> tuple[Ints, Ints]:
    """For things that belong to readers: one row for each thing and vote of its reader; the thing, and the vote's number

    through all readers.
    """
    thing, number = spread(votes[owner])
    return thing, (np.cumsum(votes) - votes)[owner[thing]] + number


def _whole(vectors: sparse.csr_array) -> sparse.csr_array:
    """Vectors in whole numbers."""
    cells = (np.round(vectors.data * UNIT), vectors.indices, vectors.indptr)
    return sparse.csr_array(cells, shape=vectors.shape)


def _laid_out(tastes: sparse.csr_array) -> tuple[Ints, _Whole]:
    """The phrases that any of the tastes names, and phrases x tastes in whole numbers."""
    named = distinct(tastes.indices.astype(np.int64))
    laid_out = np.zeros((len(named), tastes.shape[0]), np.float32)
    owner = np.repeat(np.arange(tastes.shape[0]), np.diff(tastes.indptr))
    laid_out[np.searchsorted(named, tastes.indices), owner] = np.round(tastes.data * UNIT)
    return named, laid_out
