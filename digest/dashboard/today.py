"""Now: what is due, on its way, open and late. Pure questions to the database, `now` passed in; days are UTC days.

No figure counts a whole table: exact up to some thousand rows, beyond that the planner's estimate (see `reckoning`).
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, OuterRef, Q, Subquery

from digest import counts
from digest.dashboard.reckoning import REACH, Reckoned, reckon_all
from digest.doubts import Doubt, doubts
from digest.models import Delivery, Issue, Poll, Source, SourceDay
from subscriptions.models import Subscription

# A source is late when this many of its intervals passed without a poll that succeeded.
LATE_INTERVALS = 2
# Of so many of the last deliveries the busiest minute is taken for what the sender can do.
RECENT = 10_000


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
class Now:
    """The line from due to done.

    `due`: hour come, not published; `published`, `accepted`, `failed`: of those made today; the others: as they stand now.
    `uncertain` are sent once more by themselves, `held` wait for the operator's word.
    """

    due: Reckoned
    published: Reckoned
    queued: Reckoned
    sending: Reckoned
    accepted: Reckoned
    deferred: Reckoned
    uncertain: Reckoned
    held: Reckoned
    failed: Reckoned


@dataclass(frozen=True, slots=True)
class NextRun:
    """When live subscriptions are next due: `at` is the first hour after now, None when nothing is due.

    `then` are due within an hour of it, and at `a_minute` (accepted in the busiest minute of late; 0: unknown) the last of
    them is sent at `until`.
    """

    at: dt.datetime | None
    within_a_day: Reckoned
    then: Reckoned
    a_minute: int
    until: dt.datetime | None


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


def midnight(day: dt.date) -> dt.datetime:
    """The instant at which a UTC day begins."""
    return dt.datetime.combine(day, dt.time(tzinfo=dt.UTC))


Counted = Mapping[str, Mapping[str, Sequence[int]]]
"""What `counts.several` gives for COUNTED and the last DAYS days."""
DAYS = 90
COUNTED = ("standing", "papers", "deliveries", "bounces", "domain-accepted")


def counted(now: dt.datetime) -> Counted:
    """All that the figures by day are made of, in one query."""
    return counts.several(COUNTED, last_days(now, DAYS))


def subscribers_by_day(now: dt.datetime, known: Counted) -> SubscribersByDay:
    """Who read, waited for confirmation, or had left every digest, at the end of each of the last days, as it was counted."""
    none = [0] * DAYS
    each = known["standing"]
    return SubscribersByDay(last_days(now, DAYS), *(tuple(each.get(key, none)) for key in ("reading", "waiting", "left")))


def papers_by_day(now: dt.datetime, known: Counted, number: int = 30) -> PapersByDay:
    """New papers by source and day, as they were counted; sources that brought most come first, silent ones last."""
    days = last_days(now, number)
    brought = {int(source): tuple(numbers[-number:]) for source, numbers in known["papers"].items()}
    none = (0,) * len(days)
    rows = Source.objects.filter(Q(active=True) | Q(pk__in=brought)).order_by("name").values_list("pk", "name")
    intakes = [Intake(source, name, brought.get(source, none)) for source, name in rows]
    return PapersByDay(days, tuple(sorted(intakes, key=lambda intake: -intake.total)))


def deliveries_by_state(known: Counted, number: int = 7) -> tuple[StateCount, ...]:
    """How many of the deliveries made in the last days stood in each state when counted; every state is named."""
    each = known["deliveries"]
    return tuple(StateCount(state, sum(each.get(state, ())[-number:])) for state in Delivery.State)


def line(now: dt.datetime) -> Now:
    """Everything between due and done, as it stands now."""
    today = midnight(now.astimezone(dt.UTC).date())
    made_today = Delivery.objects.filter(created_at__gte=today)
    uncertain = Delivery.objects.filter(trouble=Delivery.State.UNCERTAIN)
    by_itself = doubts(resend=settings.UNCERTAIN_RESEND)[Doubt.RESENT]
    opened = _open()
    full = sum(opened.values()) > REACH
    reckoned = reckon_all(
        {
            "due": Subscription.objects.due(now),
            "published": Issue.objects.filter(published_at__gte=today),
            "accepted": made_today.filter(state=Delivery.State.ACCEPTED),
            "deferred": Delivery.objects.filter(trouble=Delivery.State.DEFERRED),
            "uncertain": uncertain.filter(by_itself),
            "held": uncertain.exclude(by_itself),
            "failed": made_today.filter(trouble=Delivery.State.FAILED),
        }
    )
    return Now(
        queued=Reckoned(opened[Delivery.State.QUEUED], "more than" if full and opened[Delivery.State.QUEUED] else ""),
        sending=Reckoned(opened[Delivery.State.CLAIMED] + opened[Delivery.State.SENDING]),
        **reckoned,
    )


def _open() -> Counter[str]:
    """What waits or is in hand by state, no more than REACH + 1: those in hand have waited longest, and so come first."""
    order = ("priority", "next_attempt_at", "id")
    under_way = Delivery.objects.filter(finished_at=None, trouble=None).order_by(*order)
    return Counter(under_way.values_list("state", flat=True)[: REACH + 1])


def next_run(now: dt.datetime) -> NextRun:
    """What comes within a day, and until when the next hour's issues will be sent."""
    ahead = Subscription.objects.live().filter(next_issue_at__gt=now).order_by("next_issue_at")
    at = ahead.values_list("next_issue_at", flat=True).first()
    if at is None:
        return NextRun(None, Reckoned(0), Reckoned(0), 0, None)
    reckoned = reckon_all(
        {
            "within": ahead.filter(next_issue_at__lte=now + dt.timedelta(days=1)),
            "then": ahead.filter(next_issue_at__lt=at + dt.timedelta(hours=1)),
        }
    )
    within, then = reckoned["within"], reckoned["then"]
    a_minute = pace()
    until = at + dt.timedelta(minutes=-(-then.number // a_minute)) if a_minute else None
    return NextRun(at, within, then, a_minute, until)


def pace() -> int:
    """How many issues were accepted in the busiest minute among the last deliveries made; 0 when there were none."""
    newest = Delivery.objects.order_by("-id").values_list("finished_at", "state", "priority")[:RECENT]
    minutes: Mapping[dt.datetime, int] = Counter(
        finished.replace(second=0, microsecond=0)
        for finished, state, priority in newest
        if finished and state == Delivery.State.ACCEPTED and priority == Delivery.Priority.ISSUE
    )
    return max(minutes.values(), default=0)


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
