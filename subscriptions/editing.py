"""The page of one digest's preferences, whichever link or session opened it, and the page that adds another."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from subscriptions import pages, preferences, tokens
from subscriptions.forms import DEFAULT_SIZE, PAUSES, PauseForm, PreferencesForm
from subscriptions.models import Subscriber, Subscription


def edit(
    request: HttpRequest, subscription: Subscription, now: dt.datetime, *, proof: str = "", added: bool = False
) -> HttpResponse:
    """GET shows the digest as it stands; POST saves, pauses or resumes, or looks for topics, as the pressed button says.

    Shows neither address nor name nor history, for a message that links here may have been forwarded. `proof` goes into the
    forms of a session, which also says what the digest is called. `added`: it was added just now.
    """
    action = _action(request) if not added else ""
    zone = ZoneInfo(subscription.subscriber.time_zone)
    filled_in = request.POST if action in {"save", "find"} else None
    form = PreferencesForm(filled_in, subscription=subscription)
    pausing = PauseForm(request.POST if action == "pause" else None, today=now.astimezone(zone).date())
    done, current = "added" if added else "", subscription
    if action == "save" and form.is_valid():
        if proof:
            preferences.name(subscription.pk, form.cleaned_data["name"])
        done, current = "saved", preferences.update(subscription.pk, form.choices(), now) or subscription
        form = PreferencesForm(subscription=current)
    elif action == "pause" and pausing.is_valid():
        until = dt.datetime.combine(pausing.day(), dt.time(), zone)
        done, current = "paused", preferences.pause(subscription.pk, until, now) or subscription
    elif action == "resume":
        done, current = "resumed", preferences.resume(subscription.pk, now) or subscription
    wrong = (action == "save" and form.errors) or (action == "pause" and pausing.errors)
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


def add(request: HttpRequest, subscriber: Subscriber, now: dt.datetime, *, proof: str) -> HttpResponse:
    """Another digest under the session's address: GET shows the form, POST adds it and shows it."""
    action = _action(request)
    form = PreferencesForm(request.POST if action else None, initial={"size": DEFAULT_SIZE})
    full = subscriber.subscriptions.live().count() >= preferences.MOST_DIGESTS
    if action == "save" and not full and form.is_valid():
        name = form.cleaned_data["name"]
        added = preferences.add(subscriber, name, form.choices(), now, pages.network(request))
        if added is not None:
            return edit(request, added, now, proof=proof, added=True)
        full = True
    wrong = action == "save" and bool(form.errors)
    context = {
        "form": form,
        "full": full,
        "most": preferences.MOST_DIGESTS,
        "wrong": wrong,
        "zone": subscriber.time_zone,
        "proof": proof,
    }
    return render(request, "web/new_digest.html.jinja", context, status=422 if wrong else 409 if full and action else 200)


def _action(request: HttpRequest) -> str:
    """What the pressed button says. Enter in the box that looks for topics presses a button without a name: a search too."""
    if request.method != "POST":
        return ""
    return request.POST.get("do") or ("find" if request.POST.get("find") else "save")
