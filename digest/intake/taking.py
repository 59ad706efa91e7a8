"""One message that came back: a report, or an answer to a digest."""

import datetime as dt
import logging
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.db import DataError

from digest import bounces, replies
from digest.intake import forwarding
from digest.messages import bounce_address, delivery_of
from digest.messages.replies import Kind
from digest.smtp import RelayUnclear

log = logging.getLogger(__name__)

# What the email package, PostgreSQL and codecs make of messages that nobody meant to write: of names of charsets that are none,
# addresses without an end, texts that no column holds.
_UNREADABLE = (AttributeError, AssertionError, DataError, LookupError, RecursionError, TypeError, ValueError)
# More than this is neither a report nor an answer.
LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What a message was, in a word, and what was done with it, in a few."""

    kind: str
    done: str


def take(octets: bytes, now: dt.datetime, recipient: str = "") -> Taken:
    """Record a report, obey or pass on an answer. `recipient` is the envelope's, where it is known.

    Returns once everything is committed. Raises django.db.Error or OSError when it should be tried again later.
    """
    if len(octets) > LARGEST:
        return Taken("ignore", f"nothing: it has {len(octets):,} octets, more than any report or answer")
    try:
        return _take(octets.replace(b"\0", b""), now, recipient)
    except RelayUnclear:
        raise
    except _UNREADABLE as error:
        # It would fail in the same way each time it comes again, and keep a mailbox from being read on.
        log.exception("A message that came back cannot be read; it is passed over")
        return Taken("ignore", f"nothing: it cannot be read ({type(error).__name__})")


def _take(octets: bytes, now: dt.datetime, recipient: str) -> Taken:
    recorded = bounces.record(octets, now, recipient)
    if recorded.judgement.verdict != "ignore":
        return Taken(recorded.judgement.verdict.value, f"{recorded.judgement.why}: {recorded.done}")
    if recipient and _is_return_path(recipient):
        # Nobody writes to a return path by hand, but spam does.
        return Taken("ignore", recorded.judgement.why)
    answered = replies.answer(octets, now)
    if answered.forward is not None:
        forwarding.hand_over(answered.forward)
        return Taken("reply", f"{answered.why}: passed on to the operator")
    if answered.kind is Kind.UNSUBSCRIBE:
        return Taken("reply", f"{answered.why}: the subscription ended")
    return Taken("ignore", answered.why)


def welcome(recipient: str) -> bool:
    """Whether mail to this address is ours: a return path that we signed, the plain one, or an address that we write from."""
    ours = {bounce_address(), *(parseaddr(each)[1] for each in (settings.DIGEST_FROM, settings.NOTICE_FROM))}
    return recipient.lower() in {each.lower() for each in ours} or delivery_of(recipient) is not None


def _is_return_path(recipient: str) -> bool:
    return recipient.lower() == bounce_address().lower() or delivery_of(recipient) is not None
