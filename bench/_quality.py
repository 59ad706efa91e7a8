"""The quality of every ranker for the simulated readers, in three modes, and the tuning of ours."""

import dataclasses
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bench import rivals
from bench.readers import LIKES, Corpus, Reader, Week
from bench.rivals import Known, Ranker
from digest.ranking import Configuration, ContentModel, Interest, Paper, Profile, Vote, rank
from digest.ranking.layers import Floats

SIZE = 10
MODES = ("warm", "cold", "both")
DRAWS = 3
"""For tuning: how many times a reader's likes are drawn for each week."""

WeekRanker = Callable[[Sequence[Paper], Week, Sequence[Known]], list[list[int]]]
"""Papers known at a week's end, the week, its readers -> places in the corpus for each of them."""


@dataclass
class Measured:
    """One ranker in one mode: a row of [nDCG@10, recall@10] per reader and week, and what it took."""

    answers: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    seconds: float = 0.0

    def by_reader(self) -> Floats:
        rows: Floats = np.array([np.mean(self.answers[reader], axis=0) for reader in sorted(self.answers)])
        return rows


@dataclass(frozen=True, slots=True)
class Dense:
    """The extra's vectors: of papers by their ids, of keywords."""

    papers: Mapping[int, bytes]
    texts: Mapping[str, bytes]


def ours(dense: Dense | None = None, configuration: Configuration | None = None) -> WeekRanker:
    """The product's slates for all readers of a week at once, less the slot that is labelled as outside the profile."""
    weights = replace(configuration or Configuration(), serendipity=0)

    def ranked(papers: Sequence[Paper], week: Week, known: Sequence[Known]) -> list[list[int]]:
        profiles = [_profile(papers, number, one, dense) for number, one in enumerate(known)]
        candidates = [replace(each, meaning=dense.papers[each.id]) for each in week.papers] if dense else week.papers
        slates = rank(candidates, profiles, weights, week.ends, ContentModel.learn(papers))
        return [[choice.paper for choice in slate.choices] for slate in slates]

    return ranked


def _profile(papers: Sequence[Paper], number: int, known: Known, dense: Dense | None) -> Profile:
    vector = dense.texts[known.text] if dense and known.text else b""
    return Profile(
        key=number,
        interests=(Interest("interest:1", "text", known.text, known.text, meaning=vector),) if known.text else (),
        votes=tuple(Vote(f"vote:{place}", "more", papers[place], papers[place].announced_at) for place in known.likes),
        size=SIZE,
    )


def _one_by_one(make: Callable[[Sequence[Paper], Week], Ranker]) -> WeekRanker:
    """A rival's ranking of a week, reader after reader."""

    def ranked(papers: Sequence[Paper], week: Week, known: Sequence[Known]) -> list[list[int]]:
        ranker = make(papers, week)
        return [ranker.top(one, SIZE) for one in known]

    return ranked


RIVALS: dict[str, WeekRanker] = {
    "svm": _one_by_one(rivals.Svm),
    "tfidf": _one_by_one(rivals.TfIdf),
    "bm25": _one_by_one(rivals.Bm25),
    "popularity": _one_by_one(rivals.Popularity),
}

OTHER_SVMS: dict[str, WeekRanker] = {
    "svm_before": _one_by_one(rivals.svm_of_before),
    "svm_all": _one_by_one(rivals.svm_of_all_terms),
}
"""Other settings of the SVM, so that ours is never held against a weak one."""


def gain(shown: Sequence[int], relevant: frozenset[int]) -> tuple[float, float]:
    """nDCG@10 with one point for each relevant paper (Järvelin and Kekäläinen, 2002), and recall@10."""
    discounts = 1.0 / np.log2(np.arange(2, SIZE + 2))
    hits = np.array([place in relevant for place in shown[:SIZE]], dtype=np.float64)
    return float(hits @ discounts[: len(hits)] / discounts[: len(relevant)].sum()), float(hits.sum() / len(relevant))


def measure(corpus: Corpus, mode: str, ranker: WeekRanker) -> Measured:
    """Every reader's weeks. A week is ranked from what was known at its end."""
    measured = Measured()
    for number, week in enumerate(corpus.weeks):
        asking = [place for place, reader in enumerate(corpus.readers) if number in reader.weeks]
        if not asking:
            continue
        known = [_known(corpus.readers[place], mode) for place in asking]
        papers = corpus.papers[: week.before + len(week.papers)]
        start = time.process_time()
        shown = ranker(papers, week, known)
        measured.seconds += time.process_time() - start
        for place, places in zip(asking, shown, strict=True):
            relevant = corpus.relevant(corpus.readers[place], number)
            measured.answers.setdefault(place, []).append(gain(places, relevant))
    return measured


def _known(reader: Reader, mode: str) -> Known:
    return Known(reader.papers[:LIKES] if mode != "cold" else (), reader.keyword if mode != "warm" else "")


def tune(corpus: Corpus, name: str, values: Sequence[str], dense: Dense | None) -> list[str]:
    """Each value of one weight; then each week by the value that was best in all the others, beside the default."""
    kinds = {each.name: each.type for each in dataclasses.fields(Configuration)}
    numbers = [int(value) if kinds[name] is int else float(value) for value in values]
    default = getattr(Configuration(), name)
    if default not in numbers:
        numbers.append(default)
    scored = {}
    lines = []
    for number in numbers:
        weights = Configuration.from_json({**Configuration().as_json(), name: number})
        scored[number] = {mode: _by_week(corpus, ours(dense, weights), mode) for mode in MODES}
        said = " ".join(f"{mode} {_mean(scored[number][mode], range(len(corpus.weeks))):.4f}" for mode in MODES)
        lines.append(f"{name}={number:<8} {said}{' (the default)' if number == default else ''}")
    for mode in MODES:
        weeks = [week for week, found in enumerate(scored[default][mode]) if found]
        left_out, chosen = [], []
        for week in weeks:
            others = [other for other in weeks if other != week]
            best = max(numbers, key=lambda number: (_mean(scored[number][mode], others), number == default))
            chosen.append(best)
            left_out += scored[best][mode][week]
        plain = _mean(scored[default][mode], weeks)
        said = ", ".join(map(str, chosen))
        lines.append(
            f"{mode}: left-out weeks {np.mean(left_out):.4f}, the default {plain:.4f}; chosen without each week: {said}"
        )
    return lines


def _mean(by_week: Sequence[Sequence[float]], weeks: Sequence[int]) -> float:
    found = [value for week in weeks for value in by_week[week]]
    return float(np.mean(found)) if found else 0.0


def _by_week(corpus: Corpus, ranker: WeekRanker, mode: str) -> list[list[float]]:
    """nDCG@10 of every reader and draw, by week. Likes come from all other weeks, and the whole folder is known."""
    chance = random.Random(0)
    found: list[list[float]] = []
    for number, week in enumerate(corpus.weeks):
        known, relevant = [], []
        for reader in corpus.readers:
            wanted = corpus.relevant(reader, number)
            others = [place for place in reader.papers if place not in wanted]
            if wanted and len(others) >= LIKES:
                for _ in range(DRAWS):
                    likes = tuple(sorted(chance.sample(others, LIKES)))
                    known.append(Known(likes if mode != "cold" else (), reader.keyword if mode != "warm" else ""))
                    relevant.append(wanted)
        shown = ranker(corpus.papers, week, known) if known else []
        found.append([gain(places, wanted)[0] for places, wanted in zip(shown, relevant, strict=True)])
    return found
