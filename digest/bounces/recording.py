"""What a verdict does: a Bounce, and with it a suppression, a pause, or a doubt settled."""

import datetime as dt
import re
from dataclasses import dataclass
from hashlib import blake2b

from django.db import transaction

from digest import doubts
from digest.bounces.causes import Cause
from digest.bounces.reports import addressed_to
from digest.bounces.verdicts import Judgement, classify
from digest.doubts import Told
from digest.messages import delivery_of
from digest.models import Bounce, Delivery
from subscriptions import suppression
from subscriptions.models import Subscriber, Subscription, Suppression

_MESSAGE_ID = re.compile(rb"<(?:issue|notice)-[a-z2-7]+@[\w.-]+>")
# A mailbox that was full for so many issues, within the time in which such reports count, is left alone for a while.
FULL_ISSUES = 3
COUNTS_FOR = dt.timedelta(days=60)
LEFT_ALONE = dt.timedelta(days=28)
_REASONS = {
    Bounce.Verdict.SUPPRESS: Suppression.Reason.HARD_BOUNCE,
    Bounce.Verdict.COMPLAINT: Suppression.Reason.COMPLAINT,
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """`bounce` is None when there was nothing to record; `done` says what followed, in a few plain words."""

    judgement: Judgement
    bounce: Bounce | None
    done: str


def record(octets: bytes, now: dt.datetime, envelope_recipient: str = "") -> Recorded:
    """Judge a message that came back and do what its verdict asks for; the same message again changes nothing.

    Whom it concerns is told by the signed return path it came to, else by our Message-ID inside it; a report that carries
    neither could be anyone's invention, and changes nothing.
    """
    judgement = classify(octets)
    if judgement.verdict is Bounce.Verdict.IGNORE:
        return Recorded(judgement, None, "nothing")
    delivery = _delivery(octets, envelope_recipient)
    if delivery is None:
        return Recorded(judgement, None, "nothing: no message of ours is named in it")
    return record_on(delivery, judgement, fingerprint(octets), now)


def record_on(delivery: Delivery, judgement: Judgement, report: str, now: dt.datetime) -> Recorded:
    """Keep a judgement on a delivery and do what it asks for, once for each `report`, its name of at most 64 characters."""
    with transaction.atomic():
        bounce, created = Bounce.objects.get_or_create(
            delivery=delivery,
            report=report,
            defaults={
                "subscriber": delivery.subscriber,
                "verdict": judgement.verdict,
                "status": judgement.status[:16],
                "why": judgement.why[:500],
                "received_at": now,
            },
        )
        if not created:
            return Recorded(judgement, bounce, "nothing: it was recorded before")
        # Whoever reports on a message has had it.
        doubts.settle(delivery.pk, Told.BOUNCED, now)
        done = _follow(judgement, delivery, now)
    return Recorded(judgement, bounce, done)


def fingerprint(octets: bytes) -> str:
    """What stays the same of a report on whatever way it comes: its own Message-ID and its body, line ends aside."""
    head, _, body = octets.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
    named = re.search(rb"^message-id:[ \t]*(?:\n[ \t]+)?(\S+)", head, re.IGNORECASE | re.MULTILINE)
    return blake2b((named[1] if named else b"") + b"\n" + body.strip(), digest_size=32).hexdigest()


def _follow(judgement: Judgement, delivery: Delivery, now: dt.datetime) -> str:
    if (reason := _REASONS.get(judgement.verdict)) is not None:
        suppression.suppress(_address(delivery), reason, f"{judgement.status} {judgement.why}".strip(), now)
        return "the address is suppressed"
    if judgement.why == Cause.FULL and delivery.issue is not None:
        return _leave_alone_if_full(delivery.subscriber, delivery.issue.subscription_id, now)
    return "it is kept in mind"


def _address(delivery: Delivery) -> str:
    return (delivery.notice.recipient if delivery.notice else "") or delivery.subscriber.address


def _leave_alone_if_full(subscriber: Subscriber, subscription: int, now: dt.datetime) -> str:
    full = Bounce.objects.filter(
        subscriber=subscriber, verdict=Bounce.Verdict.SOFT, why=Cause.FULL.value, received_at__gt=now - COUNTS_FOR
    )
    if full.values("delivery__issue").distinct().count() < FULL_ISSUES:
        return "it is kept in mind"
    Subscription.objects.filter(pk=subscription).update(paused_until=now + LEFT_ALONE)
    return f"the subscription pauses for {LEFT_ALONE.days} days"


def _delivery(octets: bytes, envelope_recipient: str) -> Delivery | None:
    known = Delivery.objects.select_related("subscriber", "notice", "issue")
    for address in (envelope_recipient, *addressed_to(octets)):
        if address and (pk := delivery_of(address)) is not None:
            return known.filter(pk=pk).first()
    for found in _MESSAGE_ID.findall(octets):
        if (delivery := known.filter(message_id=found.decode()).first()) is not None:
            return delivery
    return None
