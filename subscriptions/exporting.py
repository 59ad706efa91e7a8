"""Subscribers as CSV, a line for each digest, as many as there are without holding them in memory."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from subscriptions.models import Interest, Subscriber, Subscription

COLUMNS = (
    "address", "name", "status", "time_zone", "confirmed_at", "digest", "cadence", "weekday", "hour", "format", "size",
    "next_issue_at", "paused_until", "ended_at", "ended_because", "topics", "keywords", "authors",
)  # fmt: skip
_BATCH = 2000
# What a spreadsheet takes for a formula (OWASP, "CSV Injection"); a full-width sign counts as well.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """csv's idea of a file, which hands each line back."""

    def write(self, line: str) -> str:
        return line


def neutral(value: object) -> str:
    """A cell that no spreadsheet computes: what would begin a formula is led by an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(subscribers: QuerySet[Subscriber]) -> Iterator[str]:
    """The CSV, line by line, with the names of the columns first; someone without a digest has one line."""
    writer: Any = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    rows = (
        Subscription.objects.filter(subscriber__in=subscribers)
        .select_related("subscriber")
        .annotate(
            topics=_listed(Interest.Kind.TOPIC, "topic__slug"),
            keywords=_listed(Interest.Kind.KEYWORD, "value"),
            authors=_listed(Interest.Kind.AUTHOR, "value"),
        )
        .order_by("subscriber_id", "id")
    )
    for row in rows.iterator(chunk_size=_BATCH):
        yield writer.writerow([neutral(each) for each in _cells(row.subscriber, row)])
    without = subscribers.filter(subscriptions=None).order_by("id")
    for subscriber in without.iterator(chunk_size=_BATCH):
        yield writer.writerow([neutral(each) for each in _cells(subscriber, None)])


def _listed(kind: Interest.Kind, field: str) -> Coalesce:
    wanted = Q(interests__kind=kind, interests__excluded=False)
    return Coalesce(ArrayAgg(f"interests__{field}", filter=wanted, distinct=True), [])


def _cells(subscriber: Subscriber, subscription: Any) -> list[object]:
    own: list[object] = [
        subscriber.address, subscriber.name, subscriber.status, subscriber.time_zone,
        subscriber.confirmed_at.isoformat() if subscriber.confirmed_at else "",
    ]  # fmt: skip
    if subscription is None:
        return own + [""] * (len(COLUMNS) - len(own))
    instants = (subscription.next_issue_at, subscription.paused_until, subscription.ended_at)
    following, paused, ended = (each.isoformat() if each else "" for each in instants)
    return [
        *own, subscription.name, subscription.cadence, subscription.weekday, subscription.hour, subscription.format,
        subscription.size, following, paused, ended, subscription.ended_because,
        *("; ".join(each) for each in (subscription.topics, subscription.keywords, subscription.authors)),
    ]  # fmt: skip
