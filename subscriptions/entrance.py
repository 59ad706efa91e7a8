"""The pages where strangers ask: to be signed up, or for a link. Their answers are the same for every address."""

import datetime as dt
import functools
import logging
import re

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from subscriptions import box, consent, door, pages, schedule, tasks, work
from subscriptions.consent import SignUp
from subscriptions.forms import AddressForm, LookForm, SignUpForm
from subscriptions.mailboxes import AddressRefused

_ONWARD = re.compile(r"/you/(?:upvotes/\d{1,18}|submissions|saved|votes|issues|feeds|digests/new)/")
_log = logging.getLogger(__name__)


@gzip_page  # nothing in it is secret (BREACH needs a secret to guess at), and the form is long
@pages.private
def subscribe(request: HttpRequest) -> HttpResponse:
    """The box on a page of its own; POST takes it.

    A known address, an unknown one and one that a program filled in get the same words, status and work.
    """
    now = timezone.now()
    if request.method != "POST":
        # A topic's page offers itself: `?topic=koopman`.
        return signup_page(request, SignUpForm(now=now, initial={"topics": request.GET.getlist("topic")[:1]}))
    if not pages.ours(request):
        return render(request, "web/refused.html.jinja", status=403)
    # Enter in the box that looks for topics presses the form's first button, which has no name; that is a search too.
    if request.POST.get("do") == "find" or ("do" not in request.POST and request.POST.get("find")):
        return signup_page(request, LookForm(request.POST, now=now))
    signup = box.signup(request.POST, pages.network(request), now)
    if signup is not None:
        try:
            if why := _unproven(request, now):
                return signup_page(request, SignUpForm(request.POST, now=now), status=422, unproven=why)
            return _taken(request, signup, now)
        except AddressRefused:
            pass  # the form shows what was typed, and says what is wrong with it
    form = SignUpForm(request.POST, now=now)
    if not form.is_valid():
        return signup_page(request, form, status=422)
    signup = form.signup(pages.network(request))
    if form.by_a_program:
        _log.info("Dropped a sign-up: the hidden field was filled in (network %s)", signup.network)
        return _look_in_inbox(signup, now)
    if why := _unproven(request, now):
        return signup_page(request, form, status=422, unproven=why)
    return _taken(request, signup, now)


def _unproven(request: HttpRequest, now: dt.datetime) -> str:
    """What to say to whoever has to show work and has not; nothing to everyone else."""
    network = pages.network(request)
    if not work.asked_for(network, now) or work.shown(request.POST.get("altcha", ""), network, now):
        return ""
    return (
        "Many sign-ups come in just now, so your browser has to do a second’s work before we take yours. Please press the "
        "button once more when it is done."
    )


@require_GET
def challenge(request: HttpRequest) -> JsonResponse:
    """A challenge for the browser to work on; kept nowhere, here or there."""
    answer = JsonResponse(work.challenge(timezone.now()))
    patch_cache_control(answer, no_store=True)
    return answer


def _taken(request: HttpRequest, signup: SignUp, now: dt.datetime) -> HttpResponse:
    """Write the sign-up down and say so. Raises AddressRefused."""
    if door.ask_to_sign_up(signup, now).outcome != "taken":
        return render(request, "web/too_many.html.jinja", status=429)
    tasks.hint_requests()
    return _look_in_inbox(signup, now)


def _look_in_inbox(signup: SignUp, now: dt.datetime) -> HttpResponse:
    # Hours begin at a quarter past another's at the earliest (zones have offsets in quarters), so within one all get one page.
    quarter = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    return HttpResponse(_inbox_page(signup.cadence, signup.weekday, signup.hour, signup.time_zone, quarter))


@functools.lru_cache(maxsize=256)
def _inbox_page(cadence: str, weekday: int, hour: int, zone: str, after: dt.datetime) -> bytes:
    """The page that everyone gets who asks for the same schedule."""
    first = pages.hour(schedule.next_issue_at(cadence, weekday, hour, zone, after), zone)
    return render_to_string("web/check_inbox.html.jinja", {"first": first}).encode()


def onward(path: str) -> str:
    """Where a session may lead once it is open: the page that asked for it; nothing for any other path."""
    return path if _ONWARD.fullmatch(path) else ""


def signup_page(
    request: HttpRequest, form: SignUpForm, *, preview: object = None, status: int = 200, unproven: str = ""
) -> HttpResponse:
    """The page of the whole form, as it was filled in.

    `preview` is what a digest by it would hold; `unproven` what to say to whoever has to show a proof of work first.
    """
    first = pages.hour(form.first, form.stands("time_zone")) if form.first else ""
    asked = bool(unproven) or work.asked_for(pages.network(request), form.now)
    context = {
        "form": form,
        "wording": consent.WORDING,
        "preview": preview,
        "first": first,
        "wrong": status == 422 and not unproven,
    }
    context |= {"unproven": unproven, "proof": asked}
    return render(request, "web/subscribe.html.jinja", context, status=status)


@pages.private
def link(request: HttpRequest) -> HttpResponse:
    """Mail a link to the preferences of an address, should it have any."""
    if request.method != "POST":
        return render(request, "web/link.html.jinja", {"form": AddressForm(), "over": False, "then": ""})
    if not pages.ours(request):
        return render(request, "web/refused.html.jinja", status=403)
    form, then = AddressForm(request.POST), onward(request.POST.get("then", ""))
    if not form.is_valid():
        return render(request, "web/link.html.jinja", {"form": form, "over": False, "then": then}, status=422)
    if door.ask_for_link(form.cleaned_data["address"], pages.network(request), timezone.now(), then).outcome != "taken":
        return render(request, "web/too_many.html.jinja", status=429)
    tasks.hint_requests()
    return render(request, "web/link_asked.html.jinja")
