"""An issue's slate and receipt, made readable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digest.models import Issue, Paper

SLOTS = {"match": "match", "trending": "trending", "serendipity": "serendipity"}


@dataclass(frozen=True, slots=True)
class Term:
    """A share of the score: `value` as added up, `words` as the reader may see them."""

    name: str
    value: float
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """One chosen paper; `title` is None when the paper is no longer here."""

    place: int
    paper: int
    title: str | None
    slot: str
    score: float
    reasons: tuple[str, ...]
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was considered: counts by their names, in reading order, and the near misses (paper, title, score)."""

    counts: tuple[tuple[str, str], ...]
    near_misses: tuple[tuple[int, str, float], ...]


def titles(issue: Issue) -> dict[int, str]:
    """Titles by paper of all that an issue names; one query."""
    named = {choice["paper"] for choice in issue.slate} | {near["paper"] for near in issue.receipt.get("near_misses", [])}
    return dict(Paper.objects.filter(pk__in=named).values_list("pk", "title"))


def lines(slate: Sequence[Mapping[str, Any]], known: Mapping[int, str]) -> list[Line]:
    """The slate as `ranking.Slate.as_json` wrote it, with titles from `known`."""
    return [
        Line(
            place,
            choice["paper"],
            known.get(choice["paper"]),
            SLOTS.get(choice.get("slot", ""), choice.get("slot", "")),
            float(choice.get("score", 0)),
            tuple(reason["text"] for reason in choice.get("reasons", [])),
            tuple(Term(term["name"], float(term["value"]), term.get("words", "")) for term in choice.get("terms", [])),
        )
        for place, choice in enumerate(slate, start=1)
    ]


def receipt(written: Mapping[str, Any], known: Mapping[int, str]) -> Receipt:
    """The coverage receipt as `issues.publish` wrote it, with titles from `known`."""
    counts = [(name, str(written[key])) for key, name in NAMES.items() if key in written]
    counts += [(f"left out: {reason}", str(number)) for reason, number in written.get("excluded", {}).items()]
    if written.get("topics"):
        counts.append(("for", ", ".join(written["topics"])))
    if written.get("trending_only"):
        counts.append(("chosen by", "trending alone, for nothing is known of this reader's taste"))
    near = tuple(
        (miss["paper"], known.get(miss["paper"], f"paper {miss['paper']}"), float(miss.get("score", 0)))
        for miss in written.get("near_misses", [])
    )
    return Receipt(tuple(counts), near)


NAMES = {
    "considered": "considered",
    "matched": "matched an interest or a vote",
    "shown": "shown",
    "missing_days": "source days missing",
}
