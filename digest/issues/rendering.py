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


@functools.lru_cache(maxsize=256)
def _feedback_id(day: dt.date, cadence: str) -> str:
    return f"{day:%Y%m%d}:{cadence}:digest:paper-round"


def _heading(letter: Letter, subject: str, message_id: str, own: Mailbox, now: dt.datetime) -> Heading:
    contents = letter.contents
    return Heading(
        own,
        Mailbox(letter.name, transport(letter.address)),
        subject,
        now,
        message_id,
        contents.unsubscribe_url,
        _list_id(settings.SITE_NAME, settings.DIGEST_FROM),
        _feedback_id(contents.date.date(), contents.cadence),
    )


def messages_for(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
    """The message of each delivery of an issue, by the delivery's id.

    One that cannot be composed is missing from the answer and logged with the reason, so that one reader's odd address or name
    costs nobody else the issue.
    """
    found = letters(deliveries, _texts())
    press = _press()
    own = sender(settings.DIGEST_FROM, "DIGEST_FROM")
    batch = [each.contents for each in found.values()]
    outgoing: dict[int, Outgoing] = {}
    for delivery in deliveries:
        letter = found.get(delivery.id)
        if letter is None:
            continue
        try:
            heading = _heading(letter, press.subject(letter.contents), delivery.message_id, own, now)
        except ValueError as error:
            _log.error("Delivery %d cannot be composed: %s", delivery.id, error)
            continue
        content = press.message(letter.contents, heading, text_only=letter.text_only, batch=batch)
        content = sealed(content, own)
        outgoing[delivery.id] = Outgoing(return_path(delivery.id), heading.to.address, content, dotless=True)
    return outgoing
