"""The last months in charts. Their numbers stand in the page, as data for the script and as tables for everyone."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import dashboard
from digest.admin.desk.page import behind, drawn
from digest.dashboard import WEEK, trends
from digest.models import Bounce, Delivery, Poll
from subscriptions.admin.base import list_path
from subscriptions.admin.filters import span
from subscriptions.models import Consent, Subscriber, Subscription

SPANS = (30, 90, 365)
STANDING = {"subscribers", "topics"}
"""Charts of what stood at a day's end: lists show what stands now, and so only the last day's figures lead there."""
OF_A_WEEK = {"confirmed", "complaints"}
"""Charts of shares over the seven days that end with each."""

# From a series and a span of days to the list of its rows.
_Rows = Callable[[str, str], str]


@behind("digest.view_delivery")
@require_safe
def charts(request: HttpRequest) -> HttpResponseBase:
    """Every chart over the last 90 days, or as many as `?days=` says of 30, 90 and 365."""
    asked = request.GET.get("days", "")
    number = int(asked) if asked.isdecimal() and int(asked) in SPANS else dashboard.DAYS
    days, found = trends(timezone.now(), number)
    context = {
        "spans": [(each, each == number) for each in SPANS],
        "charts": [_drawn(chart, days) for chart in found if any(any(each.values) for each in chart.series)],
        "empty": [chart.title for chart in found if not any(any(each.values) for each in chart.series)],
    }
    return drawn(request, "charts", "Charts", context)


def _drawn(chart: dashboard.Chart, days: tuple[dt.date, ...]) -> dict[str, Any]:
    rows, whole = _ROWS.get(chart.key), span(days[0], days[-1])
    lines = chart.series[: dashboard.LINES]

    def cell(series: dashboard.Series, at: int) -> tuple[str, str]:
        first = days[at] - dt.timedelta(days=WEEK - 1) if chart.key in OF_A_WEEK else days[at]
        leads = rows and (chart.key not in STANDING or at == len(days) - 1)
        return _words(series.values[at], chart.unit), rows(series.key, span(first, days[at])) if rows and leads else ""

    return {
        "key": chart.key,
        "title": chart.title,
        "note": chart.note,
        "unit": chart.unit,
        "more": len(chart.series) - len(lines),
        "data": {
            "unit": chart.unit,
            "days": [int(dashboard.midnight(day).timestamp()) for day in days],
            "series": [{"label": each.label, "values": each.values} for each in lines],
        },
        "heads": [(each.label, rows(each.key, whole) if rows else "") for each in chart.series],
        "rows": [(day, [cell(each, at) for each in chart.series]) for at, day in reversed(list(enumerate(days)))],
    }


def _words(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return f"{number} {unit}".strip()


def _came_and_went(key: str, days: str) -> str:
    events = {"signed-up": "requested", "confirmed": "confirmed", "left": "unsubscribed", "erased": "erased"}
    return list_path(Consent, event__exact=events[key], on=days)


_ROWS: Mapping[str, _Rows] = {
    "subscribers": lambda key, days: list_path(Subscriber, state=key),
    "arrivals": _came_and_went,
    "confirmed": lambda key, days: list_path(Consent, event__exact="confirmed", on=days),
    "reasons": lambda key, days: list_path(Subscription, ended_because__exact=key, ended=days),
    "deliveries": lambda key, days: list_path(Delivery, state__exact=key, created=days),
    "domains": lambda key, days: list_path(Delivery, domain__exact=key, state__exact="accepted", finished=days) if key else "",
    "refusing": lambda key, days: list_path(Delivery, domain__exact=key, state__exact="failed", finished=days) if key else "",
    "bounces": lambda key, days: list_path(Bounce, verdict__exact=key, received=days),
    "complaints": lambda key, days: list_path(Bounce, verdict__exact="complaint", received=days),
    "latency": lambda key, days: list_path(Delivery, state__exact="accepted", priority__exact=1, finished=days),
    "topics": lambda key, days: list_path(Subscriber, topic=key),
    "papers": lambda key, days: list_path(Poll, source__id__exact=key, started=days),
}
