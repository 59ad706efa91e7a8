"""The rankers that ours is measured against. Each learns from the papers up to the week it ranks, the week included.

`svm` is arxiv-sanity-lite's recommender by mail (karpathy/arxiv-sanity-lite, MIT): vectors as in its compute.py, TF-IDF of one
and two words of title, abstract and authors, of which it keeps the 20,000 commonest terms that five papers hold; then, as in
`calculate_recommendation` of its send_emails.py, for each tag of a reader a linear SVM with the tag's papers against all others
(balanced classes, tolerance 10^-6, C = 0.01), its decision for all papers, all of them sorted, and of these the recent ones
that bear no tag. The web page (`svm_rank` of serve.py) has the same C; both had 0.1 in earlier versions (`svm_before`).
`svm_all` is the same with every term. What is left out favours it: it turns vectors into single precision and back, and
filters in Python.
`tfidf` is the cosine with the same kind of vectors over the whole vocabulary, the likes as their centroid.
`bm25` is Robertson and Zaragoza (2009) with k1 = 1.2 and b = 0.75 over single words, the likes as one long query.
`popularity` is upvotes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.svm import LinearSVC

from bench.readers import Week
from digest.ranking import Paper
from digest.ranking.layers import Floats

_K1, _B = 1.2, 0.75
SVM_COST, SVM_COST_BEFORE = 0.01, 0.1
_FEW = 100
"""Fewer papers would leave arxiv-sanity-lite's vocabulary empty; they keep every word."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a ranker may know of a reader: places of liked papers, and free text ("" for none)."""

    likes: tuple[int, ...]
    text: str


class Ranker(Protocol):
    """Ranks one week's papers for one reader after the other. Building it is the set-up, which the clock sees too."""

    def top(self, known: Known, size: int) -> list[int]:
        """Places in the corpus, the best first."""


def _best(scores: Floats, first: int, size: int) -> list[int]:
    order = np.lexsort((np.arange(len(scores)), -scores))[:size]
    return [first + int(place) for place in order]


def _texts(papers: Sequence[Paper]) -> list[str]:
    return [f"{paper.title} {paper.abstract}" for paper in papers]


class Svm:
    """arxiv-sanity-lite's way; it has no use for free text."""

    def __init__(self, papers: Sequence[Paper], week: Week, *, cost: float = SVM_COST, all_terms: bool = False) -> None:
        """`cost` is the SVM's C."""
        few = all_terms or len(papers) < _FEW
        texts = [f"{paper.title} {paper.abstract} {' '.join(paper.authors)}" for paper in papers]
        vectors = TfidfVectorizer(
            strip_accents="unicode",
            stop_words="english",
            token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",  # noqa: S106 - a pattern of words, no secret
            ngram_range=(1, 2),
            max_features=None if all_terms else 20_000,
            sublinear_tf=True,
            max_df=1.0 if few else 0.1,
            min_df=1 if few else 5,
        )
        self._all: Any = vectors.fit_transform(texts)
        self._cost = cost
        self._week = week

    def top(self, known: Known, size: int) -> list[int]:
        wanted = np.zeros(self._all.shape[0])
        wanted[list(known.likes)] = 1.0
        machine = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=self._cost, random_state=0)
        machine.fit(self._all, wanted)
        order = np.argsort(-machine.decision_function(self._all), kind="stable")
        recent = order[(order >= self._week.before) & (wanted[order] == 0)]
        return [int(place) for place in recent[:size]]


def svm_of_before(papers: Sequence[Paper], week: Week) -> Ranker:
    """The same with the C of arxiv-sanity-lite's earlier versions."""
    return Svm(papers, week, cost=SVM_COST_BEFORE)


def svm_of_all_terms(papers: Sequence[Paper], week: Week) -> Ranker:
    """The same over every term of one and two words."""
    return Svm(papers, week, all_terms=True)


class TfIdf:
    """Cosine of TF-IDF vectors over one and two words."""

    def __init__(self, papers: Sequence[Paper], week: Week) -> None:
        self._vectors = TfidfVectorizer(strip_accents="unicode", stop_words="english", ngram_range=(1, 2), sublinear_tf=True)
        self._all: Any = self._vectors.fit_transform(_texts(papers))
        self._week = week

    def top(self, known: Known, size: int) -> list[int]:
        query = np.zeros(self._all.shape[1])
        if known.likes:
            query += np.asarray(self._all[list(known.likes)].mean(axis=0)).ravel()
        if known.text:
            query += np.asarray(self._vectors.transform([known.text]).todense()).ravel()
        return _best(np.asarray(self._all[self._week.before :] @ query).ravel(), self._week.before, size)


class Bm25:
    """Okapi BM25 over single words."""

    def __init__(self, papers: Sequence[Paper], week: Week) -> None:
        self._words = CountVectorizer(strip_accents="unicode", stop_words="english")
        self._counts: Any = self._words.fit_transform(_texts(papers))
        lengths = np.asarray(self._counts.sum(axis=1)).ravel()
        held = np.bincount(self._counts.indices, minlength=self._counts.shape[1])
        rarity = np.log1p((len(papers) - held + 0.5) / (held + 0.5))
        counts = sparse.csr_array(self._counts, dtype=np.float64)
        norm = np.repeat(_K1 * (1 - _B + _B * lengths / max(lengths.mean(), 1.0)), np.diff(counts.indptr))
        counts.data = rarity[counts.indices] * counts.data * (_K1 + 1) / (counts.data + norm)
        self._weights = counts[week.before :]
        self._week = week

    def top(self, known: Known, size: int) -> list[int]:
        query = np.zeros(self._counts.shape[1])
        if known.likes:
            query += np.asarray(self._counts[list(known.likes)].sum(axis=0)).ravel()
        if known.text:
            query += np.asarray(self._words.transform([known.text]).todense()).ravel()
        return _best(np.asarray(self._weights @ query).ravel(), self._week.before, size)


class Popularity:
    """The most upvoted, for everyone."""

    def __init__(self, papers: Sequence[Paper], week: Week) -> None:
        self._upvotes = np.array([float(paper.upvotes) for paper in papers[week.before :]])
        self._week = week

    def top(self, known: Known, size: int) -> list[int]:
        return _best(self._upvotes, self._week.before, size)
