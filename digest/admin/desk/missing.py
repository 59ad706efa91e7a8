"""Who did not get it, and why: a day's issues that were not accepted, by reason; and sending the failed once more."""

import datetime as dt
from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from digest import dashboard
from digest.admin.desk.page import behind, drawn, note, person
from digest.delivery import levers, resending
from digest.models import Delivery
from subscriptions import audit, pages, tasks
from subscriptions.admin.base import list_path
from subscriptions.admin.filters import read_span, span
from subscriptions.models import Subscriber, Subscription

MOST = 5_000
"""Rows looked at for each state; beyond, the page says so."""
STORY = 50


@behind("digest.view_delivery")
@require_safe
def missed(request: HttpRequest) -> HttpResponseBase:
    """The issues made on `?day=` (today), by the state and the reason that kept each from being accepted."""
    day = _day(request.GET.get("day", ""))
    start, end = dashboard.midnight(day), dashboard.midnight(day + dt.timedelta(days=1))
    groups, more = _groups(start, end, day)
    context = {
        "day": day,
        "before": day - dt.timedelta(days=1),
        "after": day + dt.timedelta(days=1) if day < timezone.now().date() else None,
        "groups": groups,
        "more": more,
        "failed": sum(each["count"] for each in groups if each["state"] == Delivery.State.FAILED),
        "domains": sorted({domain for each in groups if each["state"] == Delivery.State.FAILED for domain in each["domains"]}),
        "due": dashboard.reckon(Subscription.objects.due(timezone.now())),
        "due_path": list_path(Subscription, due="now"),
    }
    return drawn(request, "missed", "Who did not get it", context)


def _day(text: str) -> dt.date:
    bounds = read_span(text)
    return bounds[0].date() if bounds else timezone.now().astimezone(dt.UTC).date()


def _groups(start: dt.datetime, end: dt.datetime, day: dt.date) -> tuple[list[dict[str, Any]], bool]:
    made = Delivery.objects.filter(created_at__gte=start, created_at__lt=end, priority=Delivery.Priority.ISSUE)
    # One index leads to each state in trouble, another to what is not finished.
    looked = [made.filter(trouble=state).order_by() for state in Delivery.TROUBLES]
    # Nothing is tried before it was made, and the index of what is not finished knows when it is tried.
    looked.append(made.filter(finished_at=None, trouble=None, next_attempt_at__gte=start - dt.timedelta(hours=1)).order_by())
    found: Counter[tuple[str, str, str]] = Counter()
    more = False
    for rows in looked:
        seen = list(rows.values_list("state", "reason", "domain")[: MOST + 1])
        more = more or len(seen) > MOST
        found.update(seen[:MOST])
    grouped: dict[tuple[str, str], Counter[str]] = {}
    for (state, reason, domain), number in found.items():
        grouped.setdefault((state, reason), Counter())[domain] += number
    labels = dict(Delivery.State.choices)
    groups = [
        {
            "state": state,
            "label": labels[Delivery.State(state)],
            "reason": reason or "its turn has not come",
            "count": domains.total(),
            "domains": list(domains),
            "foremost": domains.most_common(3),
            "path": list_path(Delivery, state__exact=state, created=span(day, day), priority__exact=1, reason__exact=reason),
        }
        for (state, reason), domains in grouped.items()
    ]
    return sorted(groups, key=lambda each: -int(each["count"])), more


@behind("digest.decide_delivery")
@require_POST
def resend(request: HttpRequest) -> HttpResponseBase:
    """Start the job that queues a day's failed deliveries once more, for a reason."""
    day, why = _day(request.POST.get("day", "")), request.POST.get("why", "").strip()
    if not why:
        messages.error(request, "Nothing was changed. Say why these are sent again: each delivery keeps the reason.")
        return redirect(f"{request.path.removesuffix('resend/')}?day={day}")
    start, end = dashboard.midnight(day), dashboard.midnight(day + dt.timedelta(days=1))
    domain = request.POST.get("domain", "").strip().lower()
    job = resending.begin(start, end, domain, why, person(request), timezone.now(), pages.network(request))
    tasks.hint_jobs()
    return redirect("admin:desk-job", job.pk)


@behind("digest.view_delivery")
@require_safe
def story(request: HttpRequest, subscriber_id: int) -> HttpResponseBase:
    """Everything that was to be sent to one person, the latest first, attempt by attempt."""
    subscriber = get_object_or_404(Subscriber, pk=subscriber_id)
    note(request, "story", audit.name(subscriber))
    deliveries = subscriber.deliveries.select_related("issue", "notice").prefetch_related("tries").order_by("-pk")[: STORY + 1]
    told = [(each, levers.told(each)) for each in deliveries]
    context = {"subscriber": subscriber, "told": told[:STORY], "more": len(told) > STORY, "most": STORY}
    return drawn(request, "story", "What was sent", context)
