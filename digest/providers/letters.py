"""A composed message taken apart again, for interfaces that take parts and not octets."""

import email
import email.policy
from email.message import EmailMessage, MIMEPart

from anymail.message import AnymailMessage
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from digest.models import Delivery
from digest.smtp import Letter

# Providers that carry no metadata: there the return path goes along as a tag, which comes back with the events as well.
TAGGED = frozenset({"mailersend", "postal"})
# What the interface has arguments of its own for, or writes itself.
_OWN = {"from", "to", "subject", "date", "mime-version", "content-type", "content-transfer-encoding", "dkim-signature"}


def parts_of(letter: Letter, delivery: Delivery) -> EmailMultiAlternatives:
    """The letter as Django's message: the same words and headers, and with it what its events are told apart by.

    `metadata` carries the signed return path, which is all that a provider's events need to name the delivery.
    """
    # The wire's doubled leading dots are SMTP's alone (RFC 5321, 4.5.2).
    content = letter.content.replace(b"\r\n..", b"\r\n.")
    message = email.message_from_bytes(content, _class=EmailMessage, policy=email.policy.default)
    html, plain = message.get_body(("html",)), message.get_body(("plain",))
    made: EmailMultiAlternatives = AnymailMessage(
        subject=str(message["Subject"]),
        body=_text(plain),
        from_email=str(message["From"]),
        to=[letter.recipient],
        headers={name: str(value) for name, value in message.items() if name.lower() not in _OWN},
        metadata={"return-path": letter.sender, "delivery": str(delivery.pk)},
    )
    if settings.ANYMAIL_ESP in TAGGED:
        made.tags = [letter.sender]  # type: ignore[attr-defined] # anymail reads it
    if html is not None:
        made.attach_alternative(_text(html), "text/html")
    return made


def _text(part: MIMEPart | None) -> str:
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")
