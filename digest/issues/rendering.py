"""Issues as messages: a batch of deliveries in, what the relay takes out."""

import datetime as dt
import functools
import logging
from collections.abc import Sequence

from django.conf import settings

from digest.issues import whole
from digest.issues.loading import Letter, Texts, letters
from digest.messages import Heading, Mailbox, Outgoing, compose, return_path, sender, transport
from digest.models import Delivery

_log = logging.getLogger(__name__)


@functools.cache
def _texts() -> Texts:
    return Texts()


def forget() -> None:
    """Begin a new run: papers are read again."""
    _texts.cache_clear()


def _list_id() -> str:
    """`Paper Round <digest.papers.example.org>` (RFC 2919): one list, whatever each reader's issue holds."""
    own = sender(settings.DIGEST_FROM, "DIGEST_FROM")
    return Mailbox(settings.SITE_NAME, f"digest@{own.domain}").header().replace(f"digest@{own.domain}", f"digest.{own.domain}")


def _heading(letter: Letter, message_id: str, now: dt.datetime) -> Heading:
    contents = letter.contents
    return Heading(
        sender=sender(settings.DIGEST_FROM, "DIGEST_FROM"),
        to=Mailbox(letter.name, transport(letter.address)),
        subject=whole.subject(contents),
        date=now,
        message_id=message_id,
        unsubscribe_url=contents.unsubscribe_url,
        list_id=_list_id(),
        feedback_id=f"{contents.date:%Y%m%d}:{contents.cadence}:digest:paper-round",
    )


def messages_for(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
    """The message of each delivery of an issue, by the delivery's id.

    One that cannot be composed is missing from the answer and logged with the reason, so that one reader's odd address or name
    costs nobody else the issue.
    """
    texts = _texts()
    outgoing: dict[int, Outgoing] = {}
    found = letters(deliveries, texts)
    for delivery in deliveries:
        letter = found.get(delivery.pk)
        if letter is None:
            continue
        try:
            heading = _heading(letter, delivery.message_id, now)
        except ValueError as error:
            _log.error("Delivery %d cannot be composed: %s", delivery.pk, error)
            continue
        rendered = whole.render(whole.fitted(letter.contents), text_only=letter.text_only)
        outgoing[delivery.pk] = Outgoing(return_path(delivery.pk), heading.to.address, compose(rendered, heading))
    return outgoing
