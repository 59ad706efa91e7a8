"""Made-up issues that show what issues can hold: for the check at start-up, the gallery and the golden messages."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from digest.issues.contents import Choice, Contents, PaperText, paper_text
from digest.issues.places import page_url
from digest.messages import inert

_EMPTY: dict[str, Any] = {
    "url": "", "pdf_url": "", "links": [], "abstract": "", "authors": [], "topics": [], "upvotes": 0,
}  # fmt: skip
_UNSIGNED = "a" * 22
_OF_THE_CHOICE = frozenset({"reasons", "slot", "followed", "interest"})
_PAPER = {
    "title": "Limits and Powers of Koopman Learning",
    "abstract": "A specimen of an abstract. It has two sentences.",
    "authors": ["Ada Lovelace", "Emmy Noether", "Sofya Kovalevskaya", "Grace Hopper", "Maryam Mirzakhani"],
    "topics": ["Koopman operators"],
    "upvotes": 12,
    "url": "https://example.org/paper",
    "pdf_url": "https://example.org/paper.pdf",
    "links": [{"kind": "code", "url": "https://example.org/code"}],
    "reasons": ["matches “koopman operator”"],
    "followed": ["Emmy Noether"],
    "interest": 7,
}
# Every section that an issue can have, then none of them.
FULL: dict[str, Any] = {
    "topics": ["Koopman operators"],
    "papers": [_PAPER, {**_PAPER, "slot": "serendipity"}],
    "near": [_PAPER],
    "trending_only": True,
    "learned": {"more": 2, "less": 1},
}
BARE: dict[str, Any] = {"papers": [], "number": None, "next_at": None}
AWAY: dict[str, Any] = {**FULL, "away_since": "2026-02-02"}


def _paper(number: int, known: Mapping[str, Any]) -> PaperText:
    wanted = {key: value for key, value in known.items() if key not in _OF_THE_CHOICE}
    return paper_text(paper_id=number, revision=1, page_url=page_url(number), **{**_EMPTY, **wanted})


def contents(case: Mapping[str, Any]) -> Contents:
    """An issue from its description; what that leaves out is as in an ordinary week. Raises KeyError without `papers`."""
    zone = ZoneInfo(case.get("zone", "Europe/Paris"))
    next_at = case.get("next_at", "2026-03-23T06:00:00+00:00")
    away = case.get("away_since")
    return Contents(
        date=dt.datetime.fromisoformat(case.get("date", "2026-03-16T06:00:00+00:00")).astimezone(zone),
        number=case.get("number", 12),
        cadence=case.get("cadence", "weekly"),
        topics=tuple(map(inert.line, case.get("topics", ()))),
        trending_only=case.get("trending_only", False),
        choices=tuple(
            Choice(
                _paper(number, each),
                tuple(map(inert.line, each.get("reasons", ()))),
                each.get("slot", "match"),
                frozenset(each.get("followed", ())),
                each.get("interest", 0),
            )
            for number, each in enumerate(case["papers"], start=1)
        ),
        near=tuple(_paper(number, each) for number, each in enumerate(case.get("near", ()), start=901)),
        considered=case.get("considered", 412),
        missing_days=case.get("missing_days", 0),
        next_at=dt.datetime.fromisoformat(next_at).astimezone(zone) if next_at else None,
        unsubscribe_token=f"5.{_UNSIGNED}",
        message_token=f"5.0.{_UNSIGNED}",
        issue_token=f"3c.0.{_UNSIGNED}",
        away_since=dt.date.fromisoformat(away) if away else None,
        learned=tuple(case.get("learned", {}).items()),
    )
