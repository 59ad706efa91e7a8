"""Notices as messages: what is said about the subscription itself, ahead of every digest."""

import datetime as dt
import logging
from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from digest.messages import Heading, Mailbox, Outgoing, Rendered, compose, markup, return_path, sender, templates, transport
from digest.models import Delivery
from subscriptions import tokens
from subscriptions.models import Notice

_log = logging.getLogger(__name__)
# The old address is told, and has nothing to answer.
_WITHOUT_LINK = frozenset({Notice.Kind.ADDRESS_CHANGED})


def _instant(instant: dt.datetime, zone_name: str) -> str:
    """`Monday 16 March 2026, 07:00 (Europe/Paris)`."""
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo(settings.DEFAULT_TIME_ZONE)
    local = instant.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({zone.key})"


def render(notice: Notice) -> Rendered:
    """The notice's words, from its folder under `templates/email/`. Nothing in them was typed by a stranger."""
    kind = Notice.Kind(notice.kind)
    context: dict[str, object] = {
        "link": "" if kind in _WITHOUT_LINK else settings.SITE_URL + tokens.notice_path(notice),
        "expires": _instant(notice.expires_at, notice.subscriber.time_zone),
    }
    subject = templates.render(f"{kind}/subject.txt.jinja", **context).strip()
    text = templates.render(f"{kind}/body.txt.jinja", **context)
    html = templates.render(f"{kind}/body.html.jinja", subject=subject, **context)
    return Rendered(subject, f"{text}\n", markup.inlined(html))


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
        rendered = render(notice)
        try:
            # No name beside the address: it is text that whoever filled in the form typed.
            to = Mailbox("", transport(notice.recipient or notice.subscriber.address))
        except ValueError as error:
            _log.error("Delivery %d cannot be composed: %s", delivery.pk, error)
            continue
        heading = Heading(
            sender=sender(settings.NOTICE_FROM, "NOTICE_FROM"),
            to=to,
            subject=rendered.subject,
            date=now,
            message_id=delivery.message_id,
        )
        outgoing[delivery.pk] = Outgoing(return_path(delivery.pk), to.address, compose(rendered, heading))
    return outgoing
