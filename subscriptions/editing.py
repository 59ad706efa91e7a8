"""The page of one digest's preferences, whichever link or session opened it."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from subscriptions import pages, preferences, tokens
from subscriptions.forms import PAUSES, PauseForm, PreferencesForm
from subscriptions.models import Subscription


def edit(request: HttpRequest, subscription: Subscription, now: dt.datetime, *, proof: str = "") -> HttpResponse:
    """GET shows the digest as it stands; POST saves, pauses or resumes, as the pressed button says.

    Shows neither address nor name nor history, for a message that links here may have been forwarded. `proof` goes into the
    forms of a session.
    """
    action = request.POST.get("do", "save") if request.method == "POST" else ""
    zone = ZoneInfo(subscription.subscriber.time_zone)
    form = PreferencesForm(request.POST) if action == "save" else PreferencesForm.of(subscription)
    pausing = PauseForm(request.POST if action == "pause" else None, today=now.astimezone(zone).date())
    done, current = "", subscription
    if action == "save" and form.is_valid():
        done, current = "saved", preferences.update(subscription.pk, form.choices(subscription), now) or subscription
    elif action == "pause" and pausing.is_valid():
        until = dt.datetime.combine(pausing.day(), dt.time(), zone)
        done, current = "paused", preferences.pause(subscription.pk, until, now) or subscription
    elif action == "resume":
        done, current = "resumed", preferences.resume(subscription.pk, now) or subscription
    wrong = form.errors or (action == "pause" and pausing.errors)
    context = {
        "form": form,
        "pausing": pausing,
        "pauses": PAUSES,
        "done": done,
        "wrong": wrong,
        "subscription": current,
        "next": pages.next_issue(current),
        "paused": pages.day(current.paused_until, zone) if current.paused_until and current.paused_until > now else "",
        "proof": proof,
        "unsubscribe": tokens.unsubscribe_path(current.pk),
    }
    return render(request, "web/preferences.html.jinja", context, status=422 if wrong else 200)
