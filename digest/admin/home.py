"""The dashboard: figures from `digest.dashboard`, each with the way to the list behind it."""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from digest import dashboard
from digest.admin import charts
from digest.admin.ledger import HELD
from digest.admin.navigation import may_view
from digest.doubts import Doubt
from digest.models import Bounce, Delivery, Issue, Poll, Source, SourceDay
from subscriptions.admin.base import list_path
from subscriptions.admin.filters import span
from subscriptions.models import Request, Subscriber, Subscription

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

    counts = dashboard.counted(now)
    return {
        **given,
        "title": "Today",
        "drawn_at": now,
        "warnings": _warnings(now, counts) if sees(Delivery, Source) else None,
        "line": _line(now) if sees(Delivery, Subscription, Issue) else None,
        "run": _run(now) if sees(Subscription) else None,
        "late": _late(now) if sees(Source, Poll, SourceDay) else None,
        "subscribers": _subscribers(now, counts) if sees(Subscriber) else None,
        "papers": _papers(now, counts) if sees(Source, Poll) else None,
        "deliveries": _deliveries(now, counts) if sees(Delivery) else None,
    }


def _warnings(now: dt.datetime, counts: dashboard.Counted) -> list[dict[str, str]]:
    week = span(dashboard.last_days(now, 7)[0], now.astimezone(dt.UTC).date())
    places = {
        "due": list_path(Subscription, due="now"),
        "sending": reverse("admin:desk-sending"),
        "complaints": list_path(Bounce, verdict__exact="complaint", received=week),
        "ready": list_path(Delivery, state__exact=Delivery.State.QUEUED),
        "requests": list_path(Request),
        "preflight": reverse("admin:desk-preflight"),
    }

    def place(warned: dashboard.Warned) -> str:
        return list_path(Poll, source__id__exact=warned.key) if warned.where == "source" else places.get(warned.where, "")

    return [{"said": each.said, "todo": each.todo, "path": place(each)} for each in dashboard.warnings(now, counts)]


def _line(now: dt.datetime) -> list[dict[str, Any]]:
    """The stations from due to done, in order: what they are called, how many stand there, and the way to those."""
    figures, today = dashboard.line(now), now.astimezone(dt.UTC).date()
    state, made, in_hand = Delivery.State, span(today, today), ",".join((Delivery.State.CLAIMED, Delivery.State.SENDING))
    return [
        {"name": name, "figure": figure, "path": path, "warns": warns and bool(figure)}
        for name, figure, path, warns in (
            ("due, not published", figures.due, list_path(Subscription, due="now"), False),
            ("published today", figures.published, list_path(Issue, published=made), False),
            ("queued", figures.queued, list_path(Delivery, state__exact=state.QUEUED), False),
            ("being sent", figures.sending, list_path(Delivery, state__in=in_hand), False),
            ("accepted today", figures.accepted, list_path(Delivery, state__exact=state.ACCEPTED, created=made), False),
            ("deferred", figures.deferred, list_path(Delivery, state__exact=state.DEFERRED), False),
            ("uncertain, sent once more", figures.uncertain, list_path(Delivery, uncertain=Doubt.RESENT), False),
            ("uncertain, held", figures.held, list_path(Delivery, uncertain=HELD), True),
            ("failed today", figures.failed, list_path(Delivery, state__exact=state.FAILED, created=made), True),
        )
    ]


def _run(now: dt.datetime) -> dict[str, Any]:
    return {"figures": dashboard.next_run(now), "day_path": list_path(Subscription, due="day")}


def _late(now: dt.datetime) -> dict[str, Any]:
    sources = [{"row": late, "path": list_path(Poll, source__id__exact=late.source)} for late in dashboard.sources_late(now)]
    return {
        "sources": sources,
        "path": list_path(Source, active__exact=1),
        "days": dashboard.source_days_missing(),
        "days_path": list_path(SourceDay, came="missing"),
    }


def _subscribers(now: dt.datetime, counts: dashboard.Counted) -> dict[str, Any]:
    figures = dashboard.subscribers_by_day(now, counts)
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


def _papers(now: dt.datetime, counts: dashboard.Counted) -> dict[str, Any]:
    figures = dashboard.papers_by_day(now, counts)
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


def _deliveries(now: dt.datetime, counts: dashboard.Counted) -> dict[str, Any]:
    days = dashboard.last_days(now, 7)
    states = dashboard.deliveries_by_state(counts, len(days))
    most = max((count.count for count in states), default=0) or 1
    return {
        "first": days[0],
        "last": days[-1],
        "words": f"{sum(count.count for count in states):,}",
        "path": list_path(Delivery, created=span(days[0], days[-1])),
        "states": [
            {
                "name": count.state.label,
                "count": count.count,
                "width": round(100 * count.count / most, 2),
                "warns": count.state in {Delivery.State.FAILED, Delivery.State.UNCERTAIN},
                "path": list_path(Delivery, state__exact=count.state, created=span(days[0], days[-1])),
            }
            for count in states
        ],
    }
