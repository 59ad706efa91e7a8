"""Messages as the wire takes them: header fields, MIME parts, envelope. Nothing else in the product knows RFC 5322.

    Rendered(subject, text, html)  --compose-->  bytes of a message
    encoded pieces, holes filled   --assemble->  the same bytes, without encoding anything twice

A message's lines end with CRLF, have at most 998 octets and never start with a dot, so it goes through SMTP's DATA as it is
(RFC 5321 section 4.5.2).
"""

import datetime as dt
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings

from digest.messages import dkim, headers, quoted
from digest.messages.addresses import Mailbox, sender, transport
from digest.messages.identity import bounce_address, delivery_of, message_id, return_path

__all__ = [
    "Heading",
    "Mailbox",
    "Outgoing",
    "Rendered",
    "assemble",
    "bounce_address",
    "compose",
    "delivery_of",
    "message_id",
    "return_path",
    "sealed",
    "sender",
    "transport",
]

# `=_` cannot occur in quoted-printable text (RFC 2045 section 6.7), so one boundary serves every message.
_BOUNDARY = "=_paper-round"
_MULTIPART = f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'.encode()
_TEXT_TYPE = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_HTML_TYPE = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_FIRST = f"--{_BOUNDARY}\r\n".encode() + _TEXT_TYPE
_BETWEEN = f"\r\n--{_BOUNDARY}\r\n".encode() + _HTML_TYPE
_LAST = f"\r\n--{_BOUNDARY}--\r\n".encode()


@functools.lru_cache(maxsize=64)
def _same_for_all(own: Mailbox, date: dt.datetime, list_id: str, feedback_id: str) -> tuple[str, str]:
    """The fields that the messages of a run have in common: the first, and the last."""
    listed = f"List-Id: {list_id}\r\n" if list_id else ""
    feedback = f"Feedback-ID: {feedback_id}\r\n" if feedback_id else ""
    # No vacation responder shall answer (RFC 3834 section 5); the last field says the same to Microsoft's.
    return (
        f"From: {own.header()}\r\nDate: {headers.date(date)}\r\nMIME-Version: 1.0\r\n",
        f"{listed}{feedback}Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\n",
    )


class Outgoing(NamedTuple):
    """What a relay is handed. `recipient` may hold letters beyond ASCII before the @: then the relay must offer SMTPUTF8.

    `dotless`: no line of the content starts with a dot, as none does of what is assembled here.
    """

    envelope_sender: str
    recipient: str
    content: bytes
    dotless: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's words. `html` is None when the reader takes plain text only."""

    subject: str
    text: str
    html: str | None


class Heading(NamedTuple):
    """What the header says. `unsubscribe_url` takes a one-click POST (RFC 8058) and makes the message a list's; without it the
    message is a notice about the subscription itself. `feedback_id` names a campaign to the receiver, never a person."""

    sender: Mailbox
    to: Mailbox
    subject: str
    date: dt.datetime
    message_id: str
    unsubscribe_url: str = ""
    list_id: str = ""
    feedback_id: str = ""

    def encoded(self) -> bytes:
        """The header fields but Content-Type and Content-Transfer-Encoding."""
        listed = (
            f"List-Unsubscribe: <{self.unsubscribe_url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
            if self.unsubscribe_url
            else ""
        )
        first, last = _same_for_all(self.sender, self.date, self.list_id, self.feedback_id)
        return (
            f"{first}To: {self.to.header()}\r\n{headers.unstructured('Subject', self.subject)}Message-ID: {self.message_id}\r\n"
            f"{listed}{last}"
        ).encode()


def assemble(heading: Heading, text: Iterable[bytes], html: Iterable[bytes] | None) -> bytes:
    """A message from encoded pieces of its parts, the text ending with a line's end.

    A single text/plain part when `html` is None, else text first, then HTML: the richest alternative comes last (RFC 2046
    section 5.1.4).
    """
    if html is None:
        return b"".join([heading.encoded(), _TEXT_TYPE, *text])
    return b"".join([heading.encoded(), _MULTIPART, _FIRST, *text, _BETWEEN, *html, _LAST])


def compose(rendered: Rendered, heading: Heading) -> bytes:
    """A message from rendered text, encoding everything now."""
    text = rendered.text if rendered.text.endswith("\n") else f"{rendered.text}\n"
    html = None if rendered.html is None else [quoted.encode(rendered.html)]
    return assemble(heading, [quoted.encode(text)], html)


def sealed(content: bytes, own: Mailbox) -> bytes:
    """The message signed for the sender's domain when DKIM_KEYS is set; as it is when the relay signs."""
    return dkim.signed(content, dkim.signers(settings.DKIM_KEYS, own.domain)) if settings.DKIM_KEYS else content
