"""Answers to what comes back: machines are ignored, the word unsubscribe is obeyed, the rest goes to the operator."""

import datetime as dt
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256

from django.conf import settings

from digest.messages import Outgoing, bounce_address, headers, message_id, replies, sealed, sender
from digest.messages.replies import Kind
from digest.models import Delivery
from subscriptions import consent, tokens

METHOD = "reply"


@dataclass(frozen=True, slots=True)
class Answered:
    """What was done with a reply. `subscription` is the one that ended, `forward` what is to be sent to the operator."""

    kind: Kind
    why: str
    subscription: int | None = None
    forward: Outgoing | None = None


def _subscription(reply: replies.Reply) -> int | None:
    """The subscription whose digest is answered, if it is its reader who answers: a digest may have been forwarded."""
    found = Delivery.objects.filter(message_id__in=reply.answers, issue__isnull=False).select_related("issue", "subscriber")
    by_id = {delivery.message_id: delivery for delivery in found}
    for answered in reply.answers:
        delivery = by_id.get(answered)
        if delivery and delivery.issue and delivery.subscriber.address.lower() == reply.sender:
            return delivery.issue.subscription_id
    return None


def _forwarded(content: bytes, reply: replies.Reply, now: dt.datetime) -> Outgoing:
    """The reply, untouched, as an attachment of a message to the operator."""
    own = sender(settings.NOTICE_FROM, "NOTICE_FROM")
    to = sender(settings.OPERATOR_ADDRESS or settings.NOTICE_FROM, "OPERATOR_ADDRESS")
    message = EmailMessage(policy=SMTP.clone(max_line_length=78))
    message["From"], message["To"] = own.header(), to.header()
    message["Subject"] = f"A reply to {settings.SITE_NAME}"
    message["Date"] = headers.date(now)
    message["Message-ID"] = message_id("reply", sha256(content).hexdigest())
    # Should this come back to us, it is ignored as automatic, so nothing can circle.
    message["Auto-Submitted"] = "auto-generated"
    who = reply.sender if reply.sender.isascii() else ""
    message.set_content(f"{who or 'Someone'} answered a digest. The message is attached as it came.\n", cte="7bit")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename="reply.eml")
    return Outgoing(bounce_address(), to.address, sealed(message.as_bytes(), own))


def answer(content: bytes, now: dt.datetime) -> Answered:
    """Act on a message that came to the digests' address; whoever calls it sends what is to be forwarded."""
    reply = replies.read(content)
    if reply.kind is Kind.AUTOMATIC:
        return Answered(reply.kind, reply.why)
    if reply.kind is Kind.UNSUBSCRIBE and (subscription := _subscription(reply)) is not None:
        token = tokens.sign(tokens.Scope.UNSUBSCRIBE, subscription)
        consent.unsubscribe(token, now, METHOD)
        return Answered(reply.kind, reply.why, subscription=subscription)
    why = "asks to stop, and names no digest of theirs" if reply.kind is Kind.UNSUBSCRIBE else reply.why
    return Answered(Kind.PERSON, why, forward=_forwarded(content, reply, now))
