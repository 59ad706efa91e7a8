"""Readers per second at thousands of papers: ours and theirs in turn, CPU time of one thread, set-up included."""

import random
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench import rivals
from bench._invented import invented
from bench.readers import Corpus, Week
from bench.rivals import Known
from digest.ranking import Configuration, Interest, Paper, Profile, Vote, prepare
from digest.ranking.meaning import octets

TOP = 12
MODES = ("warm", "cold", "both")
BATCH = 500
"""Profiles ranked in one call, as the product does."""
PHRASES = 10
"""Key phrases of a reader who states interests; of three words each they make a profile of thirty terms."""
DIFFERENT_PHRASES = 1_000
_MEASURED = {"svm": 20, "svm_before": 20, "svm_all": 10, "tfidf": 60, "bm25": 60, "popularity": 200}
"""For how many readers a rival is really asked; its rate for all follows from them."""
_DENSE_SIZE = 384


@dataclass(frozen=True)
class Speed:
    """Readers per second of each ranker, by mode; for each round ours over each SVM's, by mode; peak memory in octets."""

    rates: dict[str, dict[str, float]]
    ratios: dict[str, dict[str, list[float]]]
    set_up: float
    memory: int


def measure(corpus: Corpus, readers: int, papers: int, rounds: int, *, dense: bool) -> Speed:
    """Rank `papers` invented papers for `readers` readers. The SVM has one tag of three papers, whatever the mode."""
    candidates = invented(corpus.papers, papers)
    now = candidates[0].listed_at + 86_400.0
    week = Week(0, tuple(candidates), now)
    texts, profiles = {}, {}
    for mode in MODES:
        texts[mode] = _phrases(candidates) if mode != "warm" else []
        profiles[mode] = _profiles(candidates, texts[mode], readers, mode, now)
    ours: dict[str, list[float]] = {mode: [] for mode in MODES}
    theirs: dict[str, list[float]] = {name: [] for name in _MEASURED}
    set_ups: list[float] = []
    for _ in range(rounds):
        for mode in MODES:
            set_up, rate = _ours(candidates, profiles[mode], now)
            ours[mode].append(rate)
            set_ups.append(set_up)
        for name, most in _MEASURED.items():
            theirs[name].append(_theirs(name, week, readers, min(most, readers)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    rates: dict[str, dict[str, float]] = {}
    for mode in MODES:
        rates[mode] = {"ours": statistics.median(ours[mode])}
        if dense:
            rates[mode]["ours_dense"] = _ours(*_with_vectors(candidates, profiles[mode], texts[mode]), now)[1]
        rates[mode] |= {name: statistics.median(each) for name, each in theirs.items()}
    ratios = {
        name: {mode: [one / other for one, other in zip(ours[mode], theirs[name], strict=True)] for mode in MODES}
        for name in ("svm", "svm_before", "svm_all")
    }
    return Speed(rates, ratios, statistics.median(set_ups), memory)


def growth(corpus: Corpus, sizes: Sequence[int], papers: int) -> Iterator[dict[str, float]]:
    """Time and memory as readers get more, thirty terms each: one run a size, the smallest first, profiles made as they go."""
    candidates = invented(corpus.papers, papers)
    now = candidates[0].listed_at + 86_400.0
    phrases = _phrases(candidates)
    for size in sorted(sizes):
        began = time.process_time()
        prepared = prepare(candidates, Configuration(), now)
        took = time.process_time() - began
        for start in range(0, size, BATCH):
            profiles = _profiles(candidates, phrases, min(BATCH, size - start), "cold", now, first=start)
            began = time.process_time()
            prepared.rank(profiles)
            took += time.process_time() - began
        del prepared
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield {"readers": size, "seconds": took, "us_per_reader": 1e6 * took / size, "peak_mb": peak}


def _ours(papers: Sequence[Paper], profiles: Sequence[Profile], now: float) -> tuple[float, float]:
    """Seconds of set-up, and readers per second with it; the content model is learned from the candidates."""
    began = time.process_time()
    prepared = prepare(papers, Configuration(), now)
    set_up = time.process_time() - began
    for start in range(0, len(profiles), BATCH):
        prepared.rank(profiles[start : start + BATCH])
    return set_up, len(profiles) / (time.process_time() - began)


def _theirs(name: str, week: Week, readers: int, measured: int) -> float:
    """A reader's top papers by three likes, without reasons."""
    chance = random.Random(5)
    makers: dict[str, Any] = {
        "svm": rivals.Svm,
        "svm_before": rivals.svm_of_before,
        "svm_all": rivals.svm_of_all_terms,
        "tfidf": rivals.TfIdf,
        "bm25": rivals.Bm25,
        "popularity": rivals.Popularity,
    }
    began = time.process_time()
    ranker = makers[name](week.papers, week)
    set_up = time.process_time() - began
    began = time.process_time()
    for _ in range(measured):
        ranker.top(Known(tuple(chance.sample(range(len(week.papers)), 3)), ""), TOP)
    each = (time.process_time() - began) / measured
    return readers / max(set_up + readers * each, 1e-9)


def _phrases(papers: Sequence[Paper]) -> list[str]:
    titles = [paper.title.split() for paper in papers]
    phrases = [" ".join(title[at : at + 3]) for title in titles for at in range(0, max(len(title) - 2, 0), 3)]
    return random.Random(7).sample(phrases, min(len(phrases), DIFFERENT_PHRASES))


def _profiles(
    papers: Sequence[Paper], phrases: Sequence[str], readers: int, mode: str, now: float, first: int = 0
) -> list[Profile]:
    """Readers with three liked papers, with ten key phrases of three words out of titles, or with both."""
    chance = random.Random(first + 3)
    profiles = []
    for reader in range(first, first + readers):
        liked = [papers[chance.randrange(len(papers))] for _ in range(3)] if mode != "cold" else []
        typed = chance.sample(phrases, min(PHRASES, len(phrases))) if mode != "warm" else []
        profiles.append(
            Profile(
                key=reader,
                interests=tuple(
                    Interest(f"interest:{reader}-{n}", "keyword", phrase, phrase) for n, phrase in enumerate(typed)
                ),
                votes=tuple(Vote(f"vote:{reader}-{n}", "more", paper, now) for n, paper in enumerate(liked)),
                seen=frozenset(paper.id for paper in liked),
                size=TOP,
            )
        )
    return profiles


def _with_vectors(
    papers: Sequence[Paper], profiles: Sequence[Profile], texts: Sequence[str]
) -> tuple[list[Paper], list[Profile]]:
    """The same with vectors that mean nothing, as many and as long as the extra's: what is measured is the time they take."""
    chance = np.random.default_rng(9)
    made = chance.standard_normal((len(papers) + len(texts), _DENSE_SIZE)).astype(np.float32)
    vectors = octets(made)
    of_text = dict(zip(texts, vectors[len(papers) :], strict=True))
    return (
        [replace(paper, meaning=vector) for paper, vector in zip(papers, vectors, strict=False)],
        [
            replace(each, interests=tuple(replace(one, meaning=of_text[one.value]) for one in each.interests))
            for each in profiles
        ],
    )
