"""Our ranking beside arxiv-sanity-lite's, plain TF-IDF, BM25 and popularity: quality and readers per second, in one run.

    python bench/ranking.py --corpus DIR [--json] [--no-dense] [--no-speed] [--readers N] [--papers N] [--rounds N]
    python bench/ranking.py --corpus DIR --tune FIELD=VALUE,VALUE,...
    python bench/ranking.py --corpus DIR --scale N [N ...]

DIR holds answers of Hugging Face's /api/daily_papers, one YYYY-MM-DD.json a day. `bench/readers.py` says who the simulated
readers are, `bench/rivals.py` what the others do. A reader is met three times: *cold* with the keyword as free text, *warm*
with three liked papers and no text, *both* with both. Every ranker gets the same papers, with no keyword of any, and knows of
the corpus what was out by the week's end. Ours is the product's own `rank` with the product's configuration, less the
serendipity slot, which is labelled as lying outside the profile; its slates are often shorter than ten, since nothing fills
them up.

nDCG@10 and recall@10 are means over readers of the mean over their weeks; intervals are 95 % of 2,000 resamplings of the
readers, paired. Speed (`bench/_speed.py`) is readers per second of CPU at 5,000 candidates, top 12 with reasons, set-up
included, on one thread. The exit status is 1 when a floor or goal of quality is missed.
"""

import argparse
import dataclasses
import json
import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"  # read once, when numpy is imported
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402 - the variables and the path above must come first

from bench import _quality, _speed  # noqa: E402
from bench._diversity import compare  # noqa: E402
from bench._quality import MODES  # noqa: E402
from bench.readers import BadCorpus, Corpus, load  # noqa: E402
from digest.ranking import Configuration  # noqa: E402
from digest.ranking.dense import Embedder, installed, text_of  # noqa: E402
from digest.ranking.layers import Floats  # noqa: E402
from digest.ranking.meaning import octets  # noqa: E402

GOALS = {"warm": ("svm", 1.40), "cold": ("tfidf", 1.05)}
_RESAMPLINGS, _SEED = 2_000, 20260316
_MOST_READERS = 400


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _asked(arguments)
    try:
        corpus = load(asked.corpus, _MOST_READERS)
    except BadCorpus as error:
        print(error, file=sys.stderr)
        if asked.json:
            rows = dict.fromkeys(("ours", "ours_dense", *_quality.RIVALS))
            print(json.dumps({"readers": 0, **dict.fromkeys(MODES, rows), "missed": [str(error)]}))
        return 2
    if asked.scale:
        for row in _speed.growth(corpus, asked.scale, asked.papers):
            print(json.dumps(row), flush=True)
        return 0
    dense = vectors(corpus) if asked.dense and installed() else None
    if asked.tune:
        return _tune(corpus, asked.tune, dense)
    answer = quality(corpus, dense)
    if asked.speed:
        _add_speed(answer, _speed.measure(corpus, asked.readers, asked.papers, asked.rounds, dense=dense is not None))
    short = missed(answer)
    if asked.json:
        print(json.dumps({**answer, "missed": short}))
    else:
        print(table(answer), "", *compare(corpus), sep="\n")
    for words in short:
        print(f"missed: {words}", file=sys.stderr)
    return 1 if short else 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR", help="daily answers, YYYY-MM-DD.json")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--no-dense", dest="dense", action="store_false", help="leave out the dense extra (0.05 s a paper)")
    parser.add_argument("--no-speed", dest="speed", action="store_false", help="leave out readers per second")
    parser.add_argument("--readers", type=int, default=10_000, help="readers whose speed is measured (default 10,000)")
    parser.add_argument("--papers", type=int, default=5_000, help="candidates while speed is measured (default 5,000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the measurement of speed (default 3)")
    parser.add_argument("--tune", metavar="FIELD=VALUE,...", help="compare values of a weight, one week left out at a time")
    parser.add_argument("--scale", type=int, nargs="+", metavar="N", help="time and memory for so many readers")
    return parser.parse_args(arguments)


def vectors(corpus: Corpus) -> _quality.Dense:
    """The dense extra's vectors of all papers and of the readers' keywords."""
    embedder = Embedder()
    texts = [reader.keyword for reader in corpus.readers]
    papers = octets(embedder.vectors([text_of(paper) for paper in corpus.papers]))
    by_paper = {paper.id: vector for paper, vector in zip(corpus.papers, papers, strict=True)}
    return _quality.Dense(by_paper, dict(zip(texts, octets(embedder.vectors(texts)), strict=True)))


def quality(corpus: Corpus, dense: _quality.Dense | None) -> dict[str, Any]:
    """All rankers in all modes; null is for what a ranker cannot do: the SVM without likes, ours_dense without the extra."""
    draws = np.random.default_rng(_SEED).integers(0, len(corpus.readers), (_RESAMPLINGS, len(corpus.readers)))
    answer: dict[str, Any] = {
        "readers": len(corpus.readers),
        "reader_weeks": sum(len(reader.weeks) for reader in corpus.readers),
        "papers": len(corpus.papers),
        "days": corpus.days,
    }
    rankers = {"ours": _quality.ours(), "ours_dense": _quality.ours(dense) if dense else None, **_quality.RIVALS}
    for mode in MODES:
        rows: dict[str, Any] = {}
        gains: dict[str, Floats] = {}
        for name, ranker in rankers.items():
            if ranker is None or (name == "svm" and mode == "cold"):
                rows[name] = None
                continue
            measured = _quality.measure(corpus, mode, ranker)
            by_reader = measured.by_reader()
            gains[name] = by_reader[:, 0]
            rows[name] = {
                "ndcg10": float(by_reader[:, 0].mean()),
                "ndcg10_interval": _interval(gains[name][draws].mean(axis=1)),
                "ndcg10_by_week": statistics.fmean(each[0] for answers in measured.answers.values() for each in answers),
                "recall10": float(by_reader[:, 1].mean()),
                "readers_per_s": None,
            }
        for name, row in rows.items():
            if row is not None and name != "ours":
                row["ours_over"] = _against(gains["ours"], gains[name], draws)
        answer[mode] = rows
    answer["other_svms"] = {
        name: float(_quality.measure(corpus, "warm", ranker).by_reader()[:, 0].mean())
        for name, ranker in _quality.OTHER_SVMS.items()
    }
    return answer


def _add_speed(answer: dict[str, Any], speed: _speed.Speed) -> None:
    for mode in MODES:
        for name, row in answer[mode].items():
            if row is not None:
                row["readers_per_s"] = speed.rates[mode].get(name)
    answer["speed"] = {
        **{
            f"ours_over_{name}": {mode: statistics.median(each) for mode, each in ratios.items()}
            for name, ratios in speed.ratios.items()
        },
        "rounds": speed.ratios,
        "set_up_s": speed.set_up,
        "peak_mb": speed.memory / 2**20,
    }


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
    ours = answer["warm"]["ours"]["ndcg10"]
    said += [
        f"warm: {ours / svm:.3f} of {name}, the goal is {GOALS['warm'][1]}"
        for name, svm in answer["other_svms"].items()
        if ours < GOALS["warm"][1] * svm
    ]
    better = max(answer["warm"]["ours"]["ndcg10"], answer["cold"]["ours"]["ndcg10"])
    if answer["both"]["ours"]["ndcg10"] < better:
        said.append(f"both: {answer['both']['ours']['ndcg10']:.3f}, less than the {better:.3f} of the better of the two")
    for mode in MODES:
        dense = answer[mode]["ours_dense"]
        if dense is not None and dense["ndcg10"] < answer[mode]["ours"]["ndcg10"]:
            said.append(f"{mode}: {dense['ndcg10']:.4f} with dense vectors, {answer[mode]['ours']['ndcg10']:.4f} without")
    return said


def table(answer: dict[str, Any]) -> str:
    """The figures for a terminal."""
    lines = [f"{answer['readers']} readers, {answer['reader_weeks']} reader-weeks, {answer['papers']} papers"]
    for mode in MODES:
        lines.append(f"\n{mode:10}   nDCG@10          95 %  recall@10   ours/it          95 %  win  lose   readers/s")
        for name, row in answer[mode].items():
            if row is None:
                lines.append(f"{name:10}         -")
                continue
            low, high = row["ndcg10_interval"]
            line = f"{name:10}     {row['ndcg10']:.3f}   {low:.3f}-{high:.3f}      {row['recall10']:.3f}"
            if against := row.get("ours_over"):
                low, high = against["interval"]
                line += f"     {against['ratio']:5.2f}   {low:5.2f}-{high:5.2f}  {against['win']:4.0%}  {against['lose']:4.0%}"
            else:
                line += " " * 38
            lines.append(line + (f" {row['readers_per_s']:11,.1f}" if row["readers_per_s"] else ""))
    others = ", ".join(f"{name} {ndcg:.3f}" for name, ndcg in answer["other_svms"].items())
    lines.append(f"\nnDCG@10 of the SVM with other settings, warm: {others}")
    if speed := answer.get("speed"):
        settings = (("svm", "its 20,000 terms"), ("svm_before", "these and C = 0.1"), ("svm_all", "all terms"))
        for name, terms in settings:
            ratios = ", ".join(f"{mode} {ratio:.0f}" for mode, ratio in speed[f"ours_over_{name}"].items())
            lines.append(f"readers per second over the SVM's with one tag and {terms}, set-up included: {ratios}")
        lines.append(f"set-up {speed['set_up_s']:.1f} s, memory at most {speed['peak_mb']:,.0f} MB")
    return "\n".join(lines)


def _tune(corpus: Corpus, wanted: str, dense: _quality.Dense | None) -> int:
    name, _, values = wanted.partition("=")
    fields = [each.name for each in dataclasses.fields(Configuration)]
    if name not in fields or not values:
        print(f"--tune {wanted}: give FIELD=VALUE,VALUE with one of {', '.join(fields)}", file=sys.stderr)
        return 2
    print(*_quality.tune(corpus, name, values.split(","), dense), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
