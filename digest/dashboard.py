"""The figures an operator opens each morning: pure questions to the database, `now` passed in. Days are UTC days."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate

from digest.models import Delivery, Poll, Source, SourceDay
from subscriptions.models import Subscriber, Subscription

WAITING = (
    Delivery.State.QUEUED,
    Delivery.State.CLAIMED,
    Delivery.State.SENDING,
    Delivery.State.DEFERRED,
    Delivery.State.UNCERTAIN,
)
# A source is late when this many of its intervals passed without a poll that succeeded.
LATE_INTERVALS = 2


@dataclass(frozen=True, slots=True)
class SubscribersByDay:
    """How many stood where at the end of each day; the three sequences are as long as `days`, oldest first."""

    days: tuple[dt.date, ...]
    reading: tuple[int, ...]
    waiting: tuple[int, ...]
    left: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Intake:
    """New papers that one source brought, by day."""

    source: int
    name: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class PapersByDay:
    days: tuple[dt.date, ...]
    sources: tuple[Intake, ...]


@dataclass(frozen=True, slots=True)
class StateCount:
    state: Delivery.State
    count: int


@dataclass(frozen=True, slots=True)
class NextRun:
    """When live subscriptions are next due: `at` is the first hour after now, None when nothing is due."""

    overdue: int
    at: dt.datetime | None
    within_a_day: int


@dataclass(frozen=True, slots=True)
class LateSource:
    """A source that stopped itself, or whose last successful poll is too long ago or never was; `error` says why, if known."""

    source: int
    name: str
    succeeded_at: dt.datetime | None
    error: str


def last_days(now: dt.datetime, number: int) -> tuple[dt.date, ...]:
    """The last `number` UTC days, today included, oldest first."""
    today = now.astimezone(dt.UTC).date()
    return tuple(today - dt.timedelta(days=back) for back in reversed(range(number)))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(tzinfo=dt.UTC))


def _standing(days: tuple[dt.date, ...], rows: QuerySet[Any], instant: str) -> tuple[int, ...]:
    """How many rows had `instant` behind them at the end of each day."""
    start, end = _midnight(days[0]), _midnight(days[-1] + dt.timedelta(days=1))
    before = rows.filter(**{f"{instant}__lt": start}).count()
    changes: Mapping[dt.date, int] = dict(
        rows.filter(**{f"{instant}__gte": start, f"{instant}__lt": end})
        .order_by()
        .annotate(day=TruncDate(instant, tzinfo=dt.UTC))
        .values_list("day")
        .annotate(number=Count("pk"))
    )
    return tuple(accumulate((changes.get(day, 0) for day in days), initial=before))[1:]


def subscribers_by_day(now: dt.datetime, number: int = 90) -> SubscribersByDay:
    """Who read, waited for confirmation, or had left every digest, at the end of each of the last days.

    Seen from today's rows: people who were erased, and sign-ups that were never confirmed and swept away, are in none of it,
    and someone who left and came back counts as reading throughout. Reading means to have a live subscription.
    """
    days = last_days(now, number)
    asked = _standing(days, Subscriber.objects.all(), "created_at")
    confirmed = _standing(days, Subscriber.objects.exclude(confirmed_at=None), "confirmed_at")
    others = Subscription.objects.filter(subscriber=OuterRef("subscriber")).exclude(pk=OuterRef("pk"))
    outlived = others.filter(
        Q(next_issue_at__isnull=False)
        | Q(ended_at__gt=OuterRef("ended_at"))
        | Q(ended_at=OuterRef("ended_at"), pk__gt=OuterRef("pk"))
    )
    departures = Subscription.objects.filter(
        ~Exists(outlived), ended_at__isnull=False, subscriber__status=Subscriber.Status.CONFIRMED
    )
    left = _standing(days, departures, "ended_at")
    return SubscribersByDay(
        days,
        tuple(all_ - gone for all_, gone in zip(confirmed, left, strict=True)),
        tuple(all_ - done for all_, done in zip(asked, confirmed, strict=True)),
        left,
    )


def papers_by_day(now: dt.datetime, number: int = 30) -> PapersByDay:
    """New papers by source and day, as the polls counted them; sources that brought most come first, silent ones last."""
    days = last_days(now, number)
    brought: dict[int, dict[dt.date, int]] = {}
    rows: Iterable[tuple[int, dt.date, int]] = (
        Poll.objects.filter(started_at__gte=_midnight(days[0]), started_at__lt=_midnight(days[-1] + dt.timedelta(days=1)))
        .order_by()
        .annotate(day=TruncDate("started_at", tzinfo=dt.UTC))
        .values_list("source", "day")
        .annotate(number=Sum("entries_new"))
    )
    for source, day, count in rows:
        brought.setdefault(source, {})[day] = count
    intakes = [
        Intake(source, name, tuple(brought.get(source, {}).get(day, 0) for day in days))
        for source, name in Source.objects.filter(Q(active=True) | Q(pk__in=brought)).order_by("name").values_list("pk", "name")
    ]
    return PapersByDay(days, tuple(sorted(intakes, key=lambda intake: -intake.total)))


def deliveries_by_state(now: dt.datetime, number: int = 7) -> tuple[StateCount, ...]:
    """How many of the deliveries made in the last days stand in each state; every state is named, also with none."""
    days = last_days(now, number)
    counts: Mapping[str, int] = dict(
        Delivery.objects.filter(created_at__gte=_midnight(days[0]), created_at__lt=_midnight(days[-1] + dt.timedelta(days=1)))
        .order_by()
        .values_list("state")
        .annotate(number=Count("pk"))
    )
    return tuple(StateCount(state, counts.get(state, 0)) for state in Delivery.State)


def deliveries_waiting() -> int:
    """Deliveries of any age whose fate is open."""
    return Delivery.objects.filter(finished_at=None).count()


def next_run(now: dt.datetime) -> NextRun:
    """What is due: overdue, the next hour, and how many follow within a day."""
    live = Subscription.objects.live()
    ahead = live.filter(next_issue_at__gt=now).order_by("next_issue_at")
    return NextRun(
        live.filter(next_issue_at__lte=now).count(),
        ahead.values_list("next_issue_at", flat=True).first(),
        ahead.filter(next_issue_at__lte=now + dt.timedelta(days=1)).count(),
    )


def sources_late(now: dt.datetime) -> tuple[LateSource, ...]:
    """Sources that should have brought something and did not; the longest silent first.

    Those are the sources that stopped themselves, and the active ones with an address that were not polled with success for two
    of their intervals, unless their next poll is put off on purpose: it lies ahead and none has failed since (feeds name
    days and hours to skip).
    """
    polls = Poll.objects.filter(source=OuterRef("pk")).order_by("-started_at")
    long_ago = now - LATE_INTERVALS * F("interval")
    overdue = Q(failures__gt=0) | Q(next_poll_at=None) | Q(next_poll_at__lte=now)
    rows = (
        Source.objects.annotate(
            succeeded_at=Subquery(polls.filter(error="").values("started_at")[:1]),
            last_error=Subquery(polls.values("error")[:1]),
        )
        .filter(
            ~Q(stopped_because="")
            | Q(active=True)
            & ~Q(url="")
            & overdue
            & (Q(succeeded_at__lt=long_ago) | Q(succeeded_at=None, created_at__lt=long_ago))
        )
        .order_by(F("succeeded_at").asc(nulls_first=True), "name")
        .values_list("pk", "name", "succeeded_at", "last_error", "stopped_because")
    )
    return tuple(
        LateSource(source, name, succeeded_at, stopped or error or "") for source, name, succeeded_at, error, stopped in rows
    )


def source_days_missing() -> int:
    """Days on which a source should have had papers and which neither a poll nor a backfill has brought."""
    return SourceDay.objects.filter(missing_since__isnull=False, filled_at=None).count()
