"""The message to oneself."""

import datetime as dt

from django.conf import settings

from digest import messages
from digest.messages import Heading, Mailbox, Rendered
from subscriptions import tokens

_TEXT = (
    "This message shows how ours arrive. Save it as a file, header and all, and hand it to `manage.py preflight --received`."
)


def probe(recipient: str, now: dt.datetime) -> tuple[str, bytes]:
    """A message with the header fields of a digest, and its envelope sender. Raises ValueError for what is no address."""
    own = messages.sender(settings.DIGEST_FROM, "DIGEST_FROM")
    heading = Heading(
        own,
        Mailbox("", recipient),
        "Preflight",
        now,
        messages.message_id("preflight", int(now.timestamp())),
        unsubscribe_url=f"{settings.SITE_URL}{tokens.unsubscribe_path(0)}",
        list_id=f"preflight.{own.domain}",
    )
    content = messages.compose(Rendered("Preflight", _TEXT, None), heading)
    return messages.bounce_address(), messages.sealed(content, own)
