"""Notices as messages: what is said about the subscription itself, ahead of every digest."""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.urls import reverse

from digest.messages import (
    Heading,
    Mailbox,
    Outgoing,
    Rendered,
    bounce_address,
    compose,
    inert,
    markup,
    message_id,
    return_path,
    sealed,
    sender,
    templates,
    transport,
)
from digest.models import Delivery
from subscriptions import tokens
from subscriptions.models import Notice

_log = logging.getLogger(__name__)
# The old address is told, and has nothing to answer.
_WITHOUT_LINK = frozenset({Notice.Kind.ADDRESS_CHANGED})

_LINK = {
    "link": "https://papers.example.org/confirm/9.aaaaaaaaaaaaaaaaaaaaaa/",
    "expires": "Monday 23 March 2026, 07:00 (Europe/Paris)",
}
# One of each, for the check at start-up, the gallery and the golden messages: name -> folder, what its templates are given.
SPECIMENS: dict[str, tuple[str, dict[str, object]]] = {
    "confirmation": ("confirmation", {**_LINK, "signed_up_again": False}),
    "magic-link": ("magic-link", {**_LINK, "signed_up_again": False}),
    "magic-link-known": ("magic-link", {**_LINK, "signed_up_again": True}),
    "address-confirmation": ("address-confirmation", {**_LINK, "signed_up_again": False}),
    "address-changed": ("address-changed", {**_LINK, "link": "", "signed_up_again": False}),
    "erasure": ("erasure", {"link": "", "removed": "1 subscription, 12 issues, 34 votes"}),
    "operator-alarm": (
        "operator-alarm",
        {
            "link": "https://papers.example.org/admin/",
            "happened": "No source has answered for a day",
            "since": "Monday 16 March 2026, 07:00 (Europe/Paris)",
            "safe": "Nothing is lost: issues due meanwhile wait, and days without papers are marked as missing.",
            "todo": "Look at the sources' last errors, then run manage.py backfill for the days that are missing.",
        },
    ),
}


def _instant(instant: dt.datetime, zone_name: str) -> str:
    """`Monday 16 March 2026, 07:00 (Europe/Paris)`."""
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo(settings.DEFAULT_TIME_ZONE)
    local = instant.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({zone.key})"


def rendered(folder: str, context: Mapping[str, object]) -> Rendered:
    """The words of a message from its folder under `templates/email/`; a value that the folder misses is an error."""
    subject = templates.render(f"{folder}/subject.txt.jinja", **context).strip()
    text = templates.render(f"{folder}/body.txt.jinja", **context)
    html = templates.render(f"{folder}/body.html.jinja", subject=subject, **context)
    return Rendered(subject, f"{text}\n", markup.inlined(html))


def render(notice: Notice) -> Rendered:
    """The notice's words. Nothing in them was typed by a stranger."""
    kind = Notice.Kind(notice.kind)
    return rendered(
        kind.value,
        {
            "link": "" if kind in _WITHOUT_LINK else settings.SITE_URL + tokens.notice_path(notice),
            "expires": _instant(notice.expires_at, notice.subscriber.time_zone),
            "signed_up_again": notice.context.get("because") == "sign-up",
        },
    )


def _content(words: Rendered, to: Mailbox, identifier: str, now: dt.datetime) -> bytes:
    own = sender(settings.NOTICE_FROM, "NOTICE_FROM")
    return sealed(compose(words, Heading(own, to, words.subject, now, identifier)), own)


def messages_for(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
    """The message of each delivery of a notice, by the delivery's id; one query for all.

    One that cannot be composed is missing from the answer and logged with the reason.
    """
    wanted = [each.notice_id for each in deliveries if each.notice_id is not None]
    notices = {each.pk: each for each in Notice.objects.filter(pk__in=wanted).select_related("subscriber")}
    outgoing: dict[int, Outgoing] = {}
    for delivery in deliveries:
        notice = notices.get(delivery.notice_id or 0)
        if notice is None:
            continue
        words = render(notice)
        try:
            # No name beside the address: it is text that whoever filled in the form typed.
            to = Mailbox("", transport(notice.recipient or notice.subscriber.address))
        except ValueError as error:
            _log.error("Delivery %d cannot be composed: %s", delivery.pk, error)
            continue
        content = _content(words, to, delivery.message_id, now)
        outgoing[delivery.pk] = Outgoing(return_path(delivery.pk), to.address, content, dotless=True)
    return outgoing


def erasure(address: str, removed: Sequence[tuple[str, int]], key: str, now: dt.datetime) -> Outgoing:
    """What is told to someone whose data is gone, to be sent at once: no row remembers the address.

    `removed` says what and how many, `key` names the event. Raises ValueError for an address that no header can hold.
    """
    counted = ", ".join(f"{count} {what}" for what, count in removed) or "nothing was left"
    words = rendered("erasure", {"link": "", "removed": inert.line(counted)})
    to = Mailbox("", transport(address))
    return Outgoing(bounce_address(), to.address, _content(words, to, message_id("erasure", key), now), dotless=True)


def alarm(happened: str, safe: str, todo: str, since: dt.datetime, key: str, now: dt.datetime) -> Outgoing:
    """A message to the operator: what happened, what is safe, what to do. `key` names the alarm and makes its Message-ID."""
    words = rendered(
        "operator-alarm",
        {
            "link": settings.SITE_URL + reverse("admin:index"),
            "happened": inert.line(happened),
            "safe": inert.line(safe),
            "todo": inert.line(todo),
            "since": _instant(since, settings.DEFAULT_TIME_ZONE),
        },
    )
    to = sender(settings.OPERATOR_ADDRESS or settings.NOTICE_FROM, "OPERATOR_ADDRESS")
    return Outgoing(bounce_address(), to.address, _content(words, to, message_id("alarm", key), now), dotless=True)
