"""The dashboard: figures from `digest.dashboard`, each with the way to the list behind it."""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils import timezone

from digest import dashboard
from digest.admin import charts
from digest.admin.navigation import may_view
from digest.models import Delivery, Poll, Source, SourceDay
from subscriptions.admin.base import list_path
from subscriptions.admin.filters import span
from subscriptions.models import Subscriber, Subscription

CHART_HEIGHT = 180
STRIP_HEIGHT = 28


def stylesheet(request: HttpRequest) -> str:
    return static("admin_site/admin.css")


def icon(request: HttpRequest) -> str:
    return static("icon.svg")


def context(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK: adds only what the user may view; each figure's queries run only then."""
    now = timezone.now()

    def sees(*models: type[Any]) -> bool:
        return all(may_view(request.user, model) for model in models)

    return {
        **given,
        "title": "Dashboard",
        "drawn_at": now,
        "run": _run(now) if sees(Subscription) else None,
        "waiting": _waiting() if sees(Delivery) else None,
        "late": _late(now) if sees(Source, Poll, SourceDay) else None,
        "subscribers": _subscribers(now) if sees(Subscriber) else None,
        "papers": _papers(now) if sees(Source, Poll) else None,
        "deliveries": _deliveries(now) if sees(Delivery) else None,
    }


def _run(now: dt.datetime) -> dict[str, Any]:
    return {
        "figures": dashboard.next_run(now),
        "overdue_path": list_path(Subscription, due="now"),
        "day_path": list_path(Subscription, due="day"),
    }


def _waiting() -> dict[str, Any]:
    states = ",".join(dashboard.WAITING)
    return {"count": dashboard.deliveries_waiting(), "path": list_path(Delivery, state__in=states)}


def _late(now: dt.datetime) -> dict[str, Any]:
    sources = [{"row": late, "path": list_path(Poll, source__id__exact=late.source)} for late in dashboard.sources_late(now)]
    return {
        "sources": sources,
        "path": list_path(Source, active__exact=1),
        "days": dashboard.source_days_missing(),
        "days_path": list_path(SourceDay, came="missing"),
    }


def _subscribers(now: dt.datetime) -> dict[str, Any]:
    figures = dashboard.subscribers_by_day(now)
    series = [
        ("reading", "accent", figures.reading, list_path(Subscriber, state="reading")),
        ("waiting for confirmation", "dashed", figures.waiting, list_path(Subscriber, state="waiting")),
        ("left", "dotted", figures.left, list_path(Subscriber, state="left")),
    ]
    rows = zip(figures.days, figures.reading, figures.waiting, figures.left, strict=True)
    return {
        "lines": charts.lines(series, CHART_HEIGHT),
        "height": CHART_HEIGHT,
        "first": figures.days[0],
        "last": figures.days[-1],
        "rows": [(day, list_path(Subscriber, created=span(day, day)), *counts) for day, *counts in reversed(list(rows))],
    }


def _papers(now: dt.datetime) -> dict[str, Any]:
    figures = dashboard.papers_by_day(now)
    top = max((count for intake in figures.sources for count in intake.counts), default=0)
    whole = span(figures.days[0], figures.days[-1])
    return {
        "first": figures.days[0],
        "last": figures.days[-1],
        "width": 10 * len(figures.days),
        "height": STRIP_HEIGHT,
        "top": top,
        "sources": [
            {
                "name": intake.name,
                "total": intake.total,
                "path": list_path(Poll, source__id__exact=intake.source, started=whole),
                "bars": charts.strip(intake.counts, STRIP_HEIGHT, top),
            }
            for intake in figures.sources
        ],
        "rows": [
            (
                day,
                list_path(Poll, started=span(day, day)),
                [
                    (intake.counts[at], list_path(Poll, source__id__exact=intake.source, started=span(day, day)))
                    for intake in figures.sources
                ],
            )
            for at, day in reversed(list(enumerate(figures.days)))
        ],
    }


def _deliveries(now: dt.datetime) -> dict[str, Any]:
    days = dashboard.last_days(now, 7)
    counts = dashboard.deliveries_by_state(now, len(days))
    most = max((count.count for count in counts), default=0) or 1
    return {
        "first": days[0],
        "last": days[-1],
        "total": sum(count.count for count in counts),
        "path": list_path(Delivery, created=span(days[0], days[-1])),
        "states": [
            {
                "name": count.state.label,
                "count": count.count,
                "width": round(100 * count.count / most, 2),
                "warns": count.state in {Delivery.State.FAILED, Delivery.State.UNCERTAIN},
                "path": list_path(Delivery, state__exact=count.state, created=span(days[0], days[-1])),
            }
            for count in counts
        ],
    }
