"""The ranking against arxiv-sanity-lite's, plain TF-IDF, BM25 and popularity: quality and readers per second, in one run.

    python bench/ranking.py --corpus DIR [--json] [--readers N]

DIR holds answers of Hugging Face's /api/daily_papers, one file a day. `bench/readers.py` says who the simulated readers
are, `bench/rivals.py` what the others do. A reader is met three times: *cold* with the keyword as free text, *warm* with
three liked papers and no text, *both* with both. Every ranker gets the same papers, with no keyword of any, and knows of
the corpus what was out by the week's end. Ours is the product's own `rank` with the product's configuration, less the
serendipity slot, which is labelled as lying outside the profile; its slates are often shorter than ten, since nothing
fills them up.

nDCG@10 and recall@10 are means over readers of the mean over their weeks; intervals are 95 % of 2,000 resamplings of the
readers, paired. Speed is readers ranked per second of CPU, set-up of every week included, on one thread. The exit status
is 1 when a goal is missed: warm 1.25 of the svm's nDCG@10, cold 1.05 of plain TF-IDF's, both no worse than the better of
warm and cold.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"  # read once, when numpy is imported
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402 - the variables and the path above must come first

from bench import rivals  # noqa: E402
from bench.readers import LIKES, BadCorpus, Corpus, Reader, Week, load  # noqa: E402
from bench.rivals import Known, Ranker  # noqa: E402
from digest.ranking import Configuration, ContentModel, Interest, Paper, Profile, Vote, prepare, rank  # noqa: E402
from digest.ranking.content import Floats  # noqa: E402

SIZE = 10
MODES = ("warm", "cold", "both")
GOALS = {"warm": ("svm", 1.25), "cold": ("tfidf", 1.05)}
_RESAMPLINGS, _SEED = 2_000, 20260316
_TIMED_READERS = 200
_NO_DENSE = "the ranking has no dense vectors; it ranks by words and phrases alone"


@dataclass
class Measured:
    """One ranker in one mode: a row of [nDCG@10, recall@10] per reader, and what it took."""

    answers: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    seconds: float = 0.0
    ranked: int = 0

    def by_reader(self) -> Floats:
        rows: Floats = np.array([np.mean(self.answers[reader], axis=0) for reader in sorted(self.answers)])
        return rows


def ours(papers: Sequence[Paper], week: Week, known: Sequence[Known]) -> list[list[int]]:
    """The product's slates for all readers of a week at once."""
    profiles = [_profile(papers, number, one) for number, one in enumerate(known)]
    slates = rank(week.papers, profiles, Configuration(serendipity=0), week.ends, ContentModel.learn(papers))
    return [[choice.paper for choice in slate.choices] for slate in slates]


def _profile(papers: Sequence[Paper], number: int, known: Known) -> Profile:
    return Profile(
        key=number,
        interests=(Interest("interest:1", "text", known.text, known.text),) if known.text else (),
        votes=tuple(Vote(f"vote:{place}", "more", papers[place], papers[place].announced_at) for place in known.likes),
        size=SIZE,
    )


def one_by_one(make: Callable[[Sequence[Paper], Week], Ranker]) -> Callable[..., list[list[int]]]:
    """A rival's ranking of a week, reader after reader."""

    def ranked(papers: Sequence[Paper], week: Week, known: Sequence[Known]) -> list[list[int]]:
        ranker = make(papers, week)
        return [ranker.top(one, SIZE) for one in known]

    return ranked


RANKERS: dict[str, Callable[[Sequence[Paper], Week, Sequence[Known]], list[list[int]]]] = {
    "ours": ours,
    "svm": one_by_one(rivals.Svm),
    "tfidf": one_by_one(rivals.TfIdf),
    "bm25": one_by_one(rivals.Bm25),
    "popularity": one_by_one(rivals.Popularity),
}


def gain(shown: Sequence[int], relevant: frozenset[int]) -> tuple[float, float]:
    """nDCG@10 with one point for each relevant paper (Järvelin and Kekäläinen, 2002), and recall@10."""
    discounts = 1.0 / np.log2(np.arange(2, SIZE + 2))
    hits = np.array([place in relevant for place in shown[:SIZE]], dtype=np.float64)
    return float(hits @ discounts[: len(hits)] / discounts[: len(relevant)].sum()), float(hits.sum() / len(relevant))


def measure(corpus: Corpus, mode: str, name: str) -> Measured:
    """Every reader's weeks, ranked by one ranker."""
    measured = Measured()
    for number, week in enumerate(corpus.weeks):
        asking = [place for place, reader in enumerate(corpus.readers) if number in reader.weeks]
        if not asking:
            continue
        known = [_known(corpus.readers[place], mode) for place in asking]
        papers = corpus.papers[: week.before + len(week.papers)]
        start = time.process_time()
        shown = RANKERS[name](papers, week, known)
        measured.seconds += time.process_time() - start
        measured.ranked += len(asking)
        for place, places in zip(asking, shown, strict=True):
            relevant = corpus.relevant(corpus.readers[place], number)
            measured.answers.setdefault(place, []).append(gain(places, relevant))
    return measured


def speed(corpus: Corpus, readers: int) -> dict[str, Any]:
    """Readers per second of CPU once set up, all papers as candidates and three likes each, ours beside the SVM."""
    week = Week(0, corpus.papers, corpus.weeks[-1].ends)
    start = time.process_time()
    prepared = prepare(corpus.papers, Configuration(), week.ends, ContentModel.learn(corpus.papers))
    set_up = time.process_time()
    known = [_known(corpus.readers[number % len(corpus.readers)], "warm") for number in range(readers)]
    prepared.rank([_profile(corpus.papers, number, one) for number, one in enumerate(known)])
    ours_s = (time.process_time() - set_up) / readers
    machine = rivals.Svm(corpus.papers, week)
    some = known[: max(readers // 10, 1)]
    machine_start = time.process_time()
    for one in some:
        machine.top(one, SIZE)
    svm_s = (time.process_time() - machine_start) / len(some)
    return {
        "candidates": len(corpus.papers),
        "ours_set_up_s": set_up - start,
        "ours_readers_per_s": 1 / ours_s,
        "svm_readers_per_s": 1 / svm_s,
    }


def _known(reader: Reader, mode: str) -> Known:
    return Known(reader.papers[:LIKES] if mode != "cold" else (), reader.keyword if mode != "warm" else "")


def run(corpus: Corpus) -> dict[str, Any]:
    """All rankers in all modes; what the SVM cannot do (no likes) is null."""
    random = np.random.default_rng(_SEED)
    draws = random.integers(0, len(corpus.readers), (_RESAMPLINGS, len(corpus.readers)))
    answer: dict[str, Any] = {
        "readers": len(corpus.readers),
        "reader_weeks": sum(len(reader.weeks) for reader in corpus.readers),
        "papers": len(corpus.papers),
        "days": corpus.days,
        "ours_dense": _NO_DENSE,
    }
    for mode in MODES:
        rows: dict[str, Any] = {"ours_dense": None}
        gains: dict[str, Floats] = {}
        for name in RANKERS:
            if name == "svm" and mode == "cold":
                rows[name] = None
                continue
            measured = measure(corpus, mode, name)
            by_reader = measured.by_reader()
            gains[name] = by_reader[:, 0]
            rows[name] = {
                "ndcg10": float(by_reader[:, 0].mean()),
                "ndcg10_interval": _interval(gains[name][draws].mean(axis=1)),
                "recall10": float(by_reader[:, 1].mean()),
                "readers_per_s": measured.ranked / max(measured.seconds, 1e-9),
            }
        for name, row in rows.items():
            if row is not None and name != "ours":
                row["ours_over"] = _against(gains["ours"], gains[name], draws)
        answer[mode] = rows
    answer["speed"] = speed(corpus, _TIMED_READERS)
    return answer


def _against(one: Floats, other: Floats, draws: np.ndarray) -> dict[str, Any]:
    return {
        "ratio": float(one.mean() / max(other.mean(), 1e-9)),
        "interval": _interval(one[draws].mean(axis=1) / np.maximum(other[draws].mean(axis=1), 1e-9)),
        "win": float((one > other).mean()),
        "lose": float((one < other).mean()),
    }


def _interval(values: Floats) -> list[float]:
    return [float(bound) for bound in np.quantile(values, (0.025, 0.975))]


def missed(answer: dict[str, Any]) -> list[str]:
    """The goals that the figures do not reach, in words."""
    said = [
        f"{mode}: {answer[mode][rival]['ours_over']['ratio']:.3f} of {rival}, the goal is {goal}"
        for mode, (rival, goal) in GOALS.items()
        if answer[mode][rival]["ours_over"]["ratio"] < goal
    ]
    better = max(answer["warm"]["ours"]["ndcg10"], answer["cold"]["ours"]["ndcg10"])
    if answer["both"]["ours"]["ndcg10"] < better:
        said.append(f"both: {answer['both']['ours']['ndcg10']:.3f}, less than the {better:.3f} of the better of the two")
    return said


def table(answer: dict[str, Any]) -> str:
    """The figures for a terminal."""
    lines = [f"{answer['readers']} readers, {answer['reader_weeks']} reader-weeks, {answer['papers']} papers"]
    for mode in MODES:
        lines.append(f"\n{mode:10}   nDCG@10          95 %  recall@10   readers/s   ours/it          95 %  win  lose")
        for name, row in answer[mode].items():
            if row is None:
                lines.append(f"{name:10}         -")
                continue
            low, high = row["ndcg10_interval"]
            line = f"{name:10}     {row['ndcg10']:.3f}   {low:.3f}-{high:.3f}      {row['recall10']:.3f}"
            line += f" {row['readers_per_s']:11,.1f}"
            if against := row.get("ours_over"):
                low, high = against["interval"]
                line += f"     {against['ratio']:5.2f}   {low:5.2f}-{high:5.2f}  {against['win']:4.0%}  {against['lose']:4.0%}"
            lines.append(line)
    quick = answer["speed"]
    lines.append(
        f"\nset up once, {quick['candidates']} candidates, three likes: ours {quick['ours_readers_per_s']:,.0f} readers/s"
        f" (after {quick['ours_set_up_s']:.2f} s), svm {quick['svm_readers_per_s']:,.1f}"
    )
    return "\n".join([*lines, "", f"ours_dense: {answer['ours_dense']}"])


def main() -> int:
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder of daily answers, YYYY-MM-DD.json")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--readers", type=int, default=400, help="at most this many readers, evenly taken (default 400)")
    asked = parser.parse_args()
    try:
        corpus = load(asked.corpus, asked.readers)
    except BadCorpus as error:
        print(error, file=sys.stderr)
        return 2
    answer = run(corpus)
    short = missed(answer)
    print(json.dumps({**answer, "missed": short}) if asked.json else table(answer))
    for words in short:
        print(f"missed: {words}", file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
