"""From rows to contents: everything a batch of issues says, in a number of queries that does not depend on the batch's size."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db.models.functions import Lower

from digest.issues.contents import Choice, Contents, PaperText, paper_text
from digest.issues.places import absolute, page_url
from digest.messages import inert
from digest.models import Delivery, Issue, Paper, PaperTopic
from subscriptions import tokens
from subscriptions.models import Interest, Subscription


@dataclass(frozen=True, slots=True)
class Letter:
    """An issue's contents and the reader they go to."""

    contents: Contents
    name: str
    address: str
    text_only: bool


class Texts:
    """The texts of papers, kept for as long as a run lasts and never more than `limit` of them, the oldest going first."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._texts: dict[int, PaperText] = {}

    def of(self, wanted: Mapping[int, int]) -> dict[int, PaperText]:
        """Texts by paper for papers at these revisions or later ones; a paper that has been merged away keeps its last text."""
        missing = [
            paper for paper, revision in wanted.items() if paper not in self._texts or self._texts[paper].revision < revision
        ]
        if missing:
            self._texts.update(_load(missing))
        found = {paper: self._texts[paper] for paper in wanted if paper in self._texts}
        while len(self._texts) > self._limit:
            del self._texts[next(iter(self._texts))]
        return found


def _load(ids: Collection[int]) -> dict[int, PaperText]:
    topics: dict[int, list[str]] = defaultdict(list)
    rows = PaperTopic.objects.filter(paper__in=ids).order_by("paper_id", "-score", "topic_id")
    for paper, name in rows.values_list("paper_id", "topic__name"):
        topics[paper].append(name)
    return {
        paper.pk: paper_text(
            paper_id=paper.pk,
            revision=paper.revision,
            title=paper.title,
            page_url=page_url(paper.pk),
            url=paper.url,
            pdf_url=paper.pdf_url,
            links=paper.links,
            abstract=paper.abstract,
            authors=paper.authors,
            topics=topics[paper.pk],
            upvotes=paper.upvotes,
        )
        for paper in Paper.objects.filter(pk__in=ids)
    }


def _zone(name: str) -> ZoneInfo:
    """The reader's zone; the default one when the name is not (or no longer) in the tz database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.DEFAULT_TIME_ZONE)


def _followed(subscriptions: Iterable[int]) -> dict[int, frozenset[str]]:
    rows = Interest.objects.filter(subscription__in=subscriptions, kind=Interest.Kind.AUTHOR, excluded=False)
    names: dict[int, set[str]] = defaultdict(set)
    for subscription, name in rows.values_list("subscription_id", Lower("value")):
        names[subscription].add(name)
    return {subscription: frozenset(each) for subscription, each in names.items()}


def _choices(slate: Sequence[dict[str, Any]], texts: Mapping[int, PaperText], followed: frozenset[str]) -> tuple[Choice, ...]:
    choices = []
    for entry in slate:
        paper = texts.get(entry["paper"])
        if paper is None:
            continue
        names = frozenset(name for name in paper.authors if name.lower() in followed) if followed else followed
        reasons = tuple(inert.line(reason["text"]) for reason in entry["reasons"])
        choices.append(Choice(paper, reasons, entry["slot"], names))
    return tuple(choices)


_FIELDS = (
    "id",
    "number",
    "due_at",
    "slate",
    "receipt",
    "subscription_id",
    "subscription__cadence",
    "subscription__format",
    "subscription__next_issue_at",
    "subscription__subscriber__address",
    "subscription__subscriber__name",
    "subscription__subscriber__time_zone",
    "subscription__subscriber__token_generation",
)


def letters(deliveries: Sequence[Delivery], texts: Texts) -> dict[int, Letter]:
    """The letter of each delivery of an issue, by the delivery's id. A paper erased since is left out of its issue."""
    issues = [each.issue_id for each in deliveries if each.issue_id is not None]
    rows = {row["id"]: row for row in Issue.objects.filter(pk__in=issues).values(*_FIELDS)}
    wanted: dict[int, int] = {}
    for row in rows.values():
        for entry in row["slate"]:
            wanted[entry["paper"]] = max(entry["revision"], wanted.get(entry["paper"], 0))
        for entry in row["receipt"].get("near_misses", ()):
            wanted.setdefault(entry["paper"], 0)
    found = texts.of(wanted)
    followed = _followed({row["subscription_id"] for row in rows.values()})
    none: frozenset[str] = frozenset()
    return {
        each.pk: _letter(rows[each.issue_id], found, followed.get(rows[each.issue_id]["subscription_id"], none))
        for each in deliveries
        if each.issue_id in rows
    }


def _new(receipt: Mapping[str, Any]) -> int:
    """How many papers the issue chose from: those in the reader's topics, or all that were new when it went by trending."""
    considered: int = receipt.get("considered", 0)
    matched: int = receipt.get("matched", considered)
    return considered if receipt.get("trending_only") or not receipt.get("topics") else matched


def _letter(row: Mapping[str, Any], texts: Mapping[int, PaperText], followed: frozenset[str]) -> Letter:
    zone = _zone(row["subscription__subscriber__time_zone"])
    receipt, next_at = row["receipt"], row["subscription__next_issue_at"]
    due_at: dt.datetime = row["due_at"]
    subscription = row["subscription_id"]
    contents = Contents(
        date=due_at.astimezone(zone),
        number=row["number"],
        cadence=row["subscription__cadence"],
        topics=tuple(map(inert.line, receipt.get("topics", ()))),
        trending_only=receipt.get("trending_only", False),
        choices=_choices(row["slate"], texts, followed),
        near=tuple(texts[each["paper"]] for each in receipt.get("near_misses", ()) if each["paper"] in texts),
        considered=_new(receipt),
        missing_days=receipt.get("missing_days", 0),
        away_since=dt.date.fromisoformat(receipt["away_since"]) if receipt.get("away_since") else None,
        next_at=next_at.astimezone(zone) if next_at else None,
        unsubscribe_url=absolute(tokens.unsubscribe_path(subscription)),
        preferences_url=absolute(tokens.preferences_path(subscription, row["subscription__subscriber__token_generation"])),
    )
    return Letter(
        contents,
        inert.line(row["subscription__subscriber__name"]),
        row["subscription__subscriber__address"],
        row["subscription__format"] == Subscription.Format.TEXT,
    )
