"""Which days have papers: a month's calendar, and the way from one day, week or month with papers to the next."""

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.db.models.functions import TruncDate

from digest import periods, trending
from digest.periods import Kind, Period


@dataclass(frozen=True, slots=True)
class Month:
    """A month as rows of weeks; `papers` counts those announced on each of its days, days without are left out."""

    period: Period
    weeks: Sequence[tuple[Period, Sequence[dt.date]]]
    papers: Mapping[dt.date, int]
    previous: Period | None
    next: Period | None


def month(day: dt.date, now: dt.datetime) -> Month:
    """The month in which `day` lies."""
    period = periods.of("month", day)
    counted = (
        trending.standing()
        .filter(announced_at__gte=period.start, announced_at__lt=period.end, announced_at__lte=now)
        .annotate(day=TruncDate("announced_at", tzinfo=dt.UTC))
        .order_by()
        .values_list("day")
        .annotate(papers=Count("pk"))
    )
    weeks = calendar.Calendar().monthdatescalendar(period.first.year, period.first.month)
    return Month(
        period=period,
        weeks=[(periods.of("week", week[0]), week) for week in weeks],
        papers=dict(counted),
        previous=before(period, now),
        next=after(period, now),
    )


def before(period: Period, now: dt.datetime) -> Period | None:
    """The nearest earlier day, week or month with papers."""
    found = trending.standing().filter(announced_at__lt=period.start, announced_at__lte=now)
    return _around(period.kind, found.order_by("-announced_at").values_list("announced_at", flat=True).first())


def after(period: Period, now: dt.datetime) -> Period | None:
    """The nearest later day, week or month with papers, by `now`."""
    found = trending.standing().filter(announced_at__gte=period.end, announced_at__lte=now)
    return _around(period.kind, found.order_by("announced_at").values_list("announced_at", flat=True).first())


def _around(kind: Kind, at: dt.datetime | None) -> Period | None:
    return periods.of(kind, at.astimezone(dt.UTC).date()) if at else None
