"""The pages behind the links in messages.

GET never changes anything: mail scanners open every link. The buttons POST.
"""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from subscriptions import account, consent, editing, entrance, pages, preferences, sessions, tasks, tokens
from subscriptions.models import Subscription

FOUR_WEEKS = dt.timedelta(weeks=4)


@pages.private
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks with one button, POST confirms."""
    now = timezone.now()
    acted = request.method == "POST"
    found = consent.confirm(token, now, network=pages.network(request)) if acted else consent.confirmation(token, now)
    if found.subscription is None:
        return pages.gone(request)
    if found.outcome == "confirmed" and not acted:
        context = {"token": token, "subscription": found.subscription, "topics": _topics(found.subscription)}
        return render(request, "web/confirm.html.jinja", context)
    generation = found.subscription.subscriber.token_generation
    return render(
        request,
        "web/confirmed.html.jinja",
        {
            "already": found.outcome == "already",
            "next": pages.next_issue(found.subscription),
            "preferences": tokens.preferences_path(found.subscription.pk, generation),
            "message_token": tokens.sign(tokens.Scope.MESSAGE, found.subscription.pk, generation),
        },
    )


@pages.private
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks with one button; POST ends the digest, also the one-click POST of a mailbox provider (RFC 8058).

    A provider's POST carries `List-Unsubscribe=One-Click`, no cookie and no Origin, and is answered without a redirect.
    """
    now = timezone.now()
    action = request.POST.get("do", "stop") if request.method == "POST" else ""
    if action not in {"pause", "fewer", ""}:
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        found = consent.unsubscribe(
            token, now, "one-click" if one_click else "link", everything=action == "all", network=pages.network(request)
        )
        if found.outcome == "gone":
            return pages.gone(request)
        answer = render(request, "web/unsubscribed.html.jinja", {"token": token, "found": found})
        answer.headers[consent.UNSUBSCRIBED] = found.outcome
        return answer
    found = consent.ending(token)
    if found.subscription is None:
        return pages.gone(request)
    if found.outcome == "already":
        return render(request, "web/unsubscribed.html.jinja", {"token": token, "found": found})
    subscription: Subscription | None = found.subscription
    if action == "pause":
        subscription = preferences.pause(found.subscription.pk, now + FOUR_WEEKS, now)
    elif action == "fewer":
        subscription = preferences.fewer(found.subscription.pk, now)
    if subscription is None:
        return pages.gone(request)
    context = {
        "token": token,
        "found": found,
        "done": action,
        "subscription": subscription,
        "next": pages.next_issue(subscription),
        "slower": preferences.slower(subscription.cadence),
    }
    return render(request, "web/unsubscribe.html.jinja", context)


@pages.private
def preferences_page(request: HttpRequest, token: str) -> HttpResponse:
    """What a digest links to: subjects, schedule and pauses of that digest, and nothing personal."""
    subscription = preferences.of_message(token)
    if subscription is None:
        return pages.gone(request)
    return editing.edit(request, subscription, timezone.now())


@pages.private
def open_session(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks with one button, POST uses the link up and opens half an hour's session."""
    now = timezone.now()
    if request.method != "POST":
        if account.link(token, now) is None:
            return pages.gone(request)
        return render(request, "web/session.html.jinja", {"token": token})
    used = account.use_link(token, now)
    if used is None:
        return pages.gone(request)
    response = redirect(entrance.onward(str(used.context.get("then", ""))) or "you")
    response.set_cookie(
        sessions.COOKIE,
        sessions.start(used.subscriber, now),
        max_age=sessions.LASTS,
        path="/you/",
        secure=request.is_secure() or pages.secure_site(),
        httponly=True,
        samesite="Strict",
    )
    return response


@pages.private
def new_address(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks with one button, POST moves the digests to the address that this link was mailed to."""
    now = timezone.now()
    acted = request.method == "POST"
    if acted:
        found = account.change_address(token, now, pages.network(request))
        if found.outcome == "changed":
            tasks.hint_notices()
    else:
        found = account.address_change(token, now)
    if found.outcome == "gone":
        return pages.gone(request)
    context = {"token": token, "found": found, "done": acted and found.outcome == "changed"}
    return render(request, "web/address.html.jinja", context, status=409 if found.outcome == "taken" else 200)


def _topics(subscription: Subscription) -> list[str]:
    rows = subscription.interests.filter(topic__isnull=False, excluded=False).select_related("topic")
    return [row.topic.name for row in rows if row.topic]
