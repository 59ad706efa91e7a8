"""The local inbox's pages: what was sent, and a button that sends this week's digest at once."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError as BrokerError

from digest import issues, tasks
from digest.local.kept import Inbox, Opened, for_a_frame
from subscriptions.models import Subscription

PAGE = 50
_SUBSCRIPTIONS_SHOWN = 100
# What a message holds is what strangers wrote: no script, no request to anywhere, not even a form.
_FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def _inbox() -> Inbox:
    return Inbox(Path(settings.LOCAL_INBOX))


def _opened(key: str) -> Opened:
    opened = _inbox().open(key)
    if opened is None:
        raise Http404("The inbox holds no such message.")
    return opened


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, f"web/local/{template}.html.jinja", context, status=status)
    response["Content-Security-Policy"] = _PAGE_POLICY
    response["Cache-Control"] = "no-store"
    # Under `no-referrer` browsers send "Origin: null" with a form, which Django's CSRF check refuses.
    response["Referrer-Policy"] = "same-origin"
    return response


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The messages, newest first, and the subscriptions that can be served at once."""
    kept = _inbox()
    count = kept.count()
    text = request.GET.get("page", "1")
    last = max(1, -(-count // PAGE))
    page = min(int(text), last) if text.isascii() and text.isdecimal() and int(text) else 1
    live = Subscription.objects.live().select_related("subscriber").order_by("subscriber__address", "id")
    return _page(
        request,
        "inbox",
        {
            "lines": kept.lines((page - 1) * PAGE, page * PAGE),
            "count": count,
            "page": page,
            "last": last,
            "subscriptions": live[:_SUBSCRIPTIONS_SHOWN],
            "more": max(0, live.count() - _SUBSCRIPTIONS_SHOWN),
            "notes": messages.get_messages(request),
        },
    )


@require_safe
def message(request: HttpRequest, key: str) -> HttpResponse:
    """One message: its headers, its HTML part in a frame, its text part."""
    return _page(request, "message", {"message": _opened(key)})


@require_safe
@xframe_options_sameorigin
def html(_request: HttpRequest, key: str) -> HttpResponse:
    """The HTML part alone, for the frame."""
    part = _opened(key).html
    if part is None:
        raise Http404("The message has no HTML part.")
    response = HttpResponse(for_a_frame(part), content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = _FRAME_POLICY
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def source(_request: HttpRequest, key: str) -> HttpResponse:
    """The message as it was received, to download."""
    content = _inbox().source(key)
    if content is None:
        raise Http404("The inbox holds no such message.")
    response = HttpResponse(content, content_type="message/rfc822")
    response["Content-Disposition"] = 'attachment; filename="message.eml"'
    return response


@require_POST
def send(request: HttpRequest, subscription_id: int) -> HttpResponse:
    """Publish the subscription's current issue now; what came of it is shown above the list."""
    subscription = Subscription.objects.live().filter(pk=subscription_id).select_related("subscriber").first()
    if subscription is None:
        raise Http404("There is no such live subscription.")
    published = issues.publish([subscription.pk], timezone.now())
    address = subscription.subscriber.address
    if reason := published.refused.get(subscription.pk):
        messages.warning(request, f"Nothing was sent to {address}: {reason}.")
    elif published.published:
        messages.success(request, f"This week's digest for {address} is on its way. Reload the page in a moment.")
    else:
        messages.warning(request, f"Nothing was sent to {address}: there is nothing new for it. The ledger has the details.")
    try:
        tasks.deliver_waiting.delay()
    except BrokerError:
        messages.warning(request, "The queue does not answer; the digest leaves when the beat next looks.")
    return redirect("inbox:list")
