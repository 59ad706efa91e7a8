"""What a subscriber gets, and why: now, at another time, or in an issue that was published; and send it to me."""

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from digest.admin.desk.page import behind, drawn, note
from digest.issues import explaining, reading
from digest.issues.frozen import NeverRanked
from digest.models import Delivery, Issue
from subscriptions import audit
from subscriptions.models import Subscription

SHOWN = 200
# Nothing in the frame runs, loads or leads anywhere: a message is written from what strangers wrote.
FRAME = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; frame-ancestors 'self'"


@behind("subscriptions.preview_subscriber")
@require_safe
def preview(request: HttpRequest, subscription_id: int) -> HttpResponseBase:
    """Every candidate with the terms of its score, now or at `?at=`, or as issue `?issue=` was made. The log gets a line."""
    subscription = get_object_or_404(Subscription.objects.select_related("subscriber"), pk=subscription_id)
    at, why = timezone.now(), ""
    explanation = None
    try:
        if request.GET.get("issue", "").isdecimal():
            issue = get_object_or_404(subscription.issues, pk=int(request.GET["issue"]))
            explanation, at = explaining.explain_issue(issue), issue.window_end
        else:
            at = _instant(request.GET.get("at", "")) or at
            explanation = explaining.explain(subscription, at)
    except (explaining.NothingToExplain, NeverRanked, ValueError) as error:
        why = str(error)
    note(request, "preview", audit.name(subscription), at=at.isoformat())
    context = {
        "subscription": subscription,
        "at": at,
        "why": why,
        "explanation": explanation,
        "candidates": explanation.candidates[:SHOWN] if explanation else [],
        "more": max(len(explanation.candidates) - SHOWN, 0) if explanation else 0,
        "excluded": dict(explanation.slate.excluded) if explanation else {},
        "issues": subscription.issues.order_by("-due_at")[:12],
    }
    return drawn(request, "preview", f"Preview: {subscription.name or subscription.get_cadence_display()}", context)


def _instant(text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date and time. Write it as 2026-03-16T07:00.") from error
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


@behind("subscriptions.preview_subscriber")
@require_safe
@xframe_options_sameorigin
def message(request: HttpRequest, issue_id: int) -> HttpResponseBase:
    """An issue's HTML as it was mailed, for the frame of its page. The log gets a line."""
    issue = get_object_or_404(Issue, pk=issue_id)
    note(request, "message", audit.name(issue))
    response = HttpResponse(reading.page(issue))
    response.headers["Content-Security-Policy"] = FRAME
    response.headers["Cache-Control"] = "no-store"
    return response


@behind("digest.decide_delivery")
@require_POST
def decide(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    """Hold, release or resend one delivery."""
    from digest.delivery import levers

    delivery = get_object_or_404(Delivery, pk=delivery_id)
    now, by = timezone.now(), request.user.get_username()
    act = request.POST.get("act", "")
    changed = {
        "hold": lambda: levers.hold_uncertain(by, delivery=delivery.pk),
        "release": lambda: levers.release_uncertain(now, by, delivery=delivery.pk, doubts=0),
    }.get(act, lambda: 0)()
    if changed:
        note(request, act, audit.name(delivery))
        messages.success(request, {"hold": "Held until you release it.", "release": "It is sent once more."}[act])
    else:
        messages.warning(request, "Nothing was changed: the delivery is not uncertain any more.")
    return redirect("admin:digest_delivery_change", delivery.pk)
