"""The benchmark on a small invented folder: what it prints, and what it says of bad input."""

import json
from pathlib import Path

import pytest

from bench import ranking
from bench._quality import gain
from bench.readers import load

SUBJECTS = {
    "koopman operators": "A Koopman operator lifts the flow; Koopman operators have a spectrum.",
    "agb stars": "Dust around AGB stars; winds of AGB stars.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three weeks of two subjects, two papers of each a day."""
    number = 0
    for day in ("02", "03", "09", "10", "16", "17"):
        entries = []
        for keyword, text in SUBJECTS.items():
            for _ in range(2):
                number += 1
                paper = {
                    "id": str(number),
                    "title": f"Paper {number}",
                    "summary": text,
                    "ai_keywords": [keyword],
                    "upvotes": number,
                }
                entries.append({"paper": paper})
        (tmp_path / f"2026-03-{day}.json").write_text(json.dumps(entries), encoding="utf-8")
    return tmp_path


def test_it_prints_one_object_with_every_ranker(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--readers", "20", "--papers", "60", "--rounds", "1"]
    ranking.main(["--corpus", str(folder), "--json", "--no-dense", *sizes])
    answer = json.loads(capsys.readouterr().out)
    assert answer["readers"] == 2
    for mode in ("warm", "cold", "both"):
        assert set(answer[mode]) == {"ours", "ours_dense", "svm", "tfidf", "bm25", "popularity"}
        assert answer[mode]["ours_dense"] is None
        assert {"ndcg10", "recall10", "readers_per_s"} <= set(answer[mode]["ours"])
    assert answer["cold"]["svm"] is None
    assert answer["warm"]["ours"]["ndcg10"] == 1.0
    assert answer["cold"]["ours"]["readers_per_s"] > 0


def test_a_folder_without_answers_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ranking.main(["--corpus", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    (tmp_path / "2026-03-02.json").write_text("[1", encoding="utf-8")
    assert ranking.main(["--corpus", str(tmp_path)]) == 2
    assert "2026-03-02.json" in capsys.readouterr().err


def test_a_folder_without_readers_still_gives_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "2026-03-02.json").write_text(json.dumps([{"paper": {"id": "2603.00001"}}]), encoding="utf-8")
    assert ranking.main(["--corpus", str(tmp_path), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["readers"] == 0
    assert answer["warm"]["ours"] is None
    assert str(tmp_path) in answer["missed"][0]


def test_odd_answers_are_read_for_what_they_hold(folder: Path) -> None:
    odd = [
        None,
        {"paper": None},
        {"paper": {"title": "without an id"}},
        {"paper": {"id": "2603.00100", "ai_keywords": None, "authors": "one", "upvotes": None, "githubStars": "many"}},
        {"paper": {"id": "2603.00101", "title": None, "summary": None, "authors": [{}, None, {"name": "A. Lovelace"}]}},
        {"paper": {"id": "2603.00101", "title": "the same again"}},
    ]
    (folder / "2026-03-31.json").write_text(json.dumps(odd), encoding="utf-8")
    (folder / "2026-04-01.json").write_text(json.dumps({"error": "try again"}), encoding="utf-8")
    before, after = load(folder, 400).papers[:-2], load(folder, 400).papers[-2:]
    assert all(paper.title for paper in before)
    assert [(paper.title, paper.authors, paper.upvotes, paper.stars) for paper in after] == [
        ("", (), 0, 0),
        ("", ("A. Lovelace",), 0, 0),
    ]


def test_a_weight_is_tuned_with_one_week_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ranking.main(["--corpus", str(folder), "--no-dense", "--tune", "vote_terms=8"]) == 0
    told = capsys.readouterr().out
    assert "vote_terms=8" in told
    assert "cold: left-out weeks 1.0000, the default 1.0000" in told
    assert ranking.main(["--corpus", str(folder), "--no-dense", "--tune", "colour=8"]) == 2
    assert "vote_terms" in capsys.readouterr().err


def test_measures_of_a_ranked_list() -> None:
    assert gain([1, 2, 3], frozenset({1})) == (1.0, 1.0)
    assert gain([2, 1], frozenset({1}))[0] == pytest.approx(0.6309, abs=1e-4)
    assert gain([], frozenset({1})) == (0.0, 0.0)
    assert gain([1, 2], frozenset({1, 9}))[1] == 0.5
