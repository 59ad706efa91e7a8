"""Issues as messages: a batch of deliveries in, what the relay takes out."""

import datetime as dt
import functools
import logging
from collections.abc import Sequence

from django.conf import settings

from digest.issues.loading import Letter, Texts, letters
from digest.issues.press import Press
from digest.messages import Heading, Mailbox, Outgoing, return_path, sealed, sender, transport
from digest.models import Delivery

_log = logging.getLogger(__name__)


@functools.cache
def _texts() -> Texts:
    return Texts()


@functools.cache
def _press() -> Press:
    return Press()


def forget() -> None:
    """Begin a new run: papers and templates are read again."""
    _texts.cache_clear()
    _press.cache_clear()


@functools.lru_cache(maxsize=4)
def _list_id(name: str, setting: str) -> str:
    """`Paper Round <digest.papers.example.org>` (RFC 2919): one list, whatever each reader's issue holds."""
    own = sender(setting, "DIGEST_FROM")
    return Mailbox(name, f"digest@{own.domain}").header().replace(f"digest@{own.domain}", f"digest.{own.domain}")


def _heading(letter: Letter, subject: str, message_id: str, now: dt.datetime) -> Heading:
    contents = letter.contents
    return Heading(
        sender=sender(settings.DIGEST_FROM, "DIGEST_FROM"),
        to=Mailbox(letter.name, transport(letter.address)),
        subject=subject,
        date=now,
        message_id=message_id,
        unsubscribe_url=contents.unsubscribe_url,
        list_id=_list_id(settings.SITE_NAME, settings.DIGEST_FROM),
        feedback_id=f"{contents.date:%Y%m%d}:{contents.cadence}:digest:paper-round",
    )


def messages_for(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
    """The message of each delivery of an issue, by the delivery's id.

    One that cannot be composed is missing from the answer and logged with the reason, so that one reader's odd address or name
    costs nobody else the issue.
    """
    found = letters(deliveries, _texts())
    press = _press()
    batch = [each.contents for each in found.values()]
    outgoing: dict[int, Outgoing] = {}
    for delivery in deliveries:
        letter = found.get(delivery.pk)
        if letter is None:
            continue
        try:
            heading = _heading(letter, press.subject(letter.contents), delivery.message_id, now)
        except ValueError as error:
            _log.error("Delivery %d cannot be composed: %s", delivery.pk, error)
            continue
        content = press.message(press.layout(letter.contents, batch), heading, text_only=letter.text_only)
        content = sealed(content, heading.sender)
        outgoing[delivery.pk] = Outgoing(return_path(delivery.pk), heading.to.address, content)
    return outgoing
