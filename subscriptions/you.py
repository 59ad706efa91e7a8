"""The pages of a person's session: everything held about them, and how to change or end it.

A session is a cookie that a mailed link set; SameSite=Strict keeps it from requests that other sites start, and each form
carries a proof made from it.
"""

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from subscriptions import account, door, editing, entrance, pages, preferences, sessions, tasks
from subscriptions.forms import AddressForm, PersonForm
from subscriptions.models import Subscriber, Subscription

_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, Subscriber, _P], HttpResponse]


def signed_in(view: "_View[_P]") -> Callable[Concatenate[HttpRequest, _P], HttpResponse]:
    """Gives the view the session's subscriber; without a session, the page that mails a link. A POST must prove its form."""
    return _with_session(view, lambda request: sessions.proves(request.POST.get("proof", ""), _cookie(request)))


def signed_in_anywhere(view: "_View[_P]") -> Callable[Concatenate[HttpRequest, _P], HttpResponse]:
    """The same for forms on public pages, which are one for everybody and hold no proof: the browser must say that a POST
    comes from this site."""
    return _with_session(
        view, lambda request: sessions.proves(request.POST.get("proof", ""), _cookie(request)) or pages.ours(request)
    )


def _with_session(
    view: "_View[_P]", proven: Callable[[HttpRequest], bool]
) -> Callable[Concatenate[HttpRequest, _P], HttpResponse]:
    @pages.private
    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        subscriber = sessions.find(_cookie(request), timezone.now())
        if subscriber is None:
            context = {"form": AddressForm(), "over": True, "then": entrance.onward(request.path)}
            return render(request, "web/link.html.jinja", context, status=401)
        if request.method == "POST" and not proven(request):
            return render(request, "web/refused.html.jinja", status=403)
        return view(request, subscriber, *args, **kwargs)

    return wrapped


def _cookie(request: HttpRequest) -> str:
    return request.COOKIES.get(sessions.COOKIE, "")


@signed_in
def you(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Everything at a glance; POST sets the name and the time zone."""
    now = timezone.now()
    saved = False
    form = PersonForm(
        request.POST if request.method == "POST" else None,
        initial={"name": subscriber.name, "time_zone": subscriber.time_zone},
    )
    if request.method == "POST" and form.is_valid():
        preferences.rename(subscriber, form.cleaned_data["name"], form.cleaned_data["time_zone"], now)
        subscriber.refresh_from_db()
        saved = True
    digests = subscriber.subscriptions.live().select_related("subscriber").prefetch_related("interests__topic").order_by("id")
    context = {
        "subscriber": subscriber,
        "digests": [(digest, pages.next_issue(digest), _paused(digest, now)) for digest in digests],
        "consents": [(pages.instant(each.at, subscriber.time_zone), each) for each in subscriber.consents.order_by("-id")],
        "form": form,
        "saved": saved,
        "proof": proof(request),
    }
    return render(request, "web/you.html.jinja", context, status=422 if form.errors else 200)


@signed_in
def digest(request: HttpRequest, subscriber: Subscriber, subscription_id: int) -> HttpResponse:
    """One digest's preferences."""
    subscription = (
        Subscription.objects.live().filter(pk=subscription_id, subscriber=subscriber).select_related("subscriber").first()
    )
    if subscription is None:
        return pages.gone(request)
    return editing.edit(request, subscription, timezone.now(), proof=proof(request))


@signed_in
def new_digest(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Another digest for the same address."""
    return editing.add(request, subscriber, timezone.now(), proof=proof(request))


@signed_in
def address(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Ask for another address: a message to it carries the link that decides."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = door.ask_for_address(subscriber, form.cleaned_data["address"], pages.network(request), timezone.now())
        if asked.outcome != "taken":
            return render(request, "web/too_many.html.jinja", status=429)
        tasks.hint_requests()
        return render(request, "web/address_asked.html.jinja")
    context = {"form": form, "subscriber": subscriber, "proof": proof(request)}
    return render(request, "web/you_address.html.jinja", context, status=422 if form.errors else 200)


@signed_in
def erase(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """GET says what would go, POST removes it and says what went."""
    if request.method != "POST":
        return render(request, "web/erase.html.jinja", {"subscriber": subscriber, "proof": proof(request)})
    erased = account.erase(subscriber, timezone.now(), pages.network(request))
    response = render(request, "web/erased.html.jinja", {"removed": pages.counted(erased.removed)})
    response.delete_cookie(sessions.COOKIE, path="/you/", samesite="Strict")
    return response


@signed_in
def leave(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """POST ends the session."""
    if request.method != "POST":
        return redirect("you")
    response = render(request, "web/left.html.jinja")
    response.delete_cookie(sessions.COOKIE, path="/you/", samesite="Strict")
    return response


def _paused(digest: Subscription, now: dt.datetime) -> str:
    """Until which day a digest is paused, in words; empty for one that runs."""
    until = digest.paused_until
    return pages.day(until, ZoneInfo(digest.subscriber.time_zone)) if until and until > now else ""


def proof(request: HttpRequest) -> str:
    """What the forms of the session that made this request carry."""
    return sessions.proof(request.COOKIES[sessions.COOKIE])
