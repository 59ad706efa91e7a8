"""Golden messages: `tests/golden/<name>.json` says what an issue holds, `<name>.txt` and `<name>.html` what its reader sees.

GOLDEN=1 rewrites the two outputs; read the difference before committing it.
"""

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from digest.issues import whole
from digest.issues.contents import Choice, Contents, PaperText, paper_text
from digest.issues.press import Press
from digest.messages import Rendered

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(GOLDEN.glob("*.json"))


def _paper(number: int, known: dict[str, Any]) -> PaperText:
    empty: dict[str, Any] = {
        "url": "", "pdf_url": "", "links": [], "abstract": "", "authors": [], "topics": [], "upvotes": 0,
        "page_url": f"https://papers.example.org/papers/{number}/",
    }  # fmt: skip
    wanted = {key: value for key, value in known.items() if key not in {"reasons", "slot", "followed"}}
    return paper_text(paper_id=number, revision=1, **{**empty, **wanted})


def contents_of(case: dict[str, Any]) -> Contents:
    """An issue from a golden input."""
    zone = ZoneInfo(case.get("zone", "Europe/Paris"))
    papers = case["papers"]
    next_at = case.get("next_at", "2026-03-23T06:00:00+00:00")
    return Contents(
        date=dt.datetime.fromisoformat(case.get("date", "2026-03-16T06:00:00+00:00")).astimezone(zone),
        number=case.get("number", 12),
        cadence=case.get("cadence", "weekly"),
        topics=tuple(case.get("topics", ())),
        trending_only=case.get("trending_only", False),
        choices=tuple(
            Choice(
                _paper(number, each),
                tuple(each.get("reasons", ())),
                each.get("slot", "match"),
                frozenset(each.get("followed", ())),
            )
            for number, each in enumerate(papers, start=1)
        ),
        near=tuple(_paper(number, each) for number, each in enumerate(case.get("near", ()), start=901)),
        considered=case.get("considered", 412),
        missing_days=case.get("missing_days", 0),
        next_at=dt.datetime.fromisoformat(next_at).astimezone(zone) if next_at else None,
        unsubscribe_url="https://papers.example.org/unsubscribe/5.aaaaaaaaaaaaaaaaaaaaaa/",
        preferences_url="https://papers.example.org/preferences/5.0.aaaaaaaaaaaaaaaaaaaaaa/",
    )


def rendered(case: Path) -> Rendered:
    """The message of a golden input."""
    known = json.loads(case.read_text())
    return whole.render(Press().layout(contents_of(known)).contents, text_only=known.get("text_only", False))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_messages_are_what_was_last_looked_at(case: Path) -> None:
    message = rendered(case)
    seen = {case.with_suffix(".txt"): f"Subject: {message.subject}\n\n{message.text}"}
    if message.html is not None:
        seen[case.with_suffix(".html")] = message.html
    if os.environ.get("GOLDEN"):
        for path, words in seen.items():
            path.write_text(words)
    for path, words in seen.items():
        assert path.exists(), f"{path.name} is missing; GOLDEN=1 writes it"
        assert words == path.read_text()
    assert all(len(line) <= 72 or "https://" in line for line in message.text.split("\n") if line.isascii())
