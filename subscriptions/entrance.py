"""The pages where strangers ask: to be signed up, or for a link. Their answers are the same for every address."""

import logging
import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.gzip import gzip_page

from subscriptions import consent, door, pages, schedule, tasks
from subscriptions.forms import AddressForm, LookForm, SignUpForm

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
    form = SignUpForm(request.POST, now=now)
    if not form.is_valid():
        return signup_page(request, form, status=422)
    signup = form.signup(pages.network(request))
    if form.by_a_program:
        _log.info("Dropped a sign-up: the hidden field was filled in (network %s)", signup.network)
    else:
        if door.ask_to_sign_up(signup, now).outcome != "taken":
            return render(request, "web/too_many.html.jinja", status=429)
        tasks.hint_requests()
    first = schedule.next_issue_at(signup.cadence, signup.weekday, signup.hour, signup.time_zone, now)
    context = {"first": pages.hour(first, signup.time_zone)}
    return render(request, "web/check_inbox.html.jinja", context)


def onward(path: str) -> str:
    """Where a session may lead once it is open: the page that asked for it; nothing for any other path."""
    return path if _ONWARD.fullmatch(path) else ""


def signup_page(request: HttpRequest, form: SignUpForm, *, preview: object = None, status: int = 200) -> HttpResponse:
    """The page of the whole form, as it was filled in; `preview` is what a digest by it would hold."""
    first = pages.hour(form.first, form.stands("time_zone")) if form.first else ""
    context = {"form": form, "wording": consent.WORDING, "preview": preview, "first": first, "wrong": status == 422}
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
