"""Whether a claimed delivery may still be sent: asked at the claim, every two seconds after, and before each final dot."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL

from digest.channel import numbers
from digest.models import Delivery
from subscriptions import suppression
from subscriptions.models import Notice, Subscriber, Subscription, Suppression

# An issue is worth sending for a while only: the next one is due after its cadence, and carries what is new.
WORTH_SENDING = {
    Subscription.Cadence.DAILY: dt.timedelta(hours=48),
    Subscription.Cadence.WEEKLY: dt.timedelta(days=7),
    Subscription.Cadence.MONTHLY: dt.timedelta(days=14),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a delivery's subscriber, subscription and notice at one instant."""

    status: str
    suppressed: bool
    notice_kind: str | None
    expires_at: dt.datetime | None
    ended: bool
    paused_until: dt.datetime | None
    due_at: dt.datetime | None
    cadence: str | None


def why_not(facts: Facts, now: dt.datetime) -> str:
    """Why a delivery must not be sent at `now`, in a few plain words; "" when it may."""
    if facts.suppressed:
        return "the address is suppressed"
    if facts.status != Subscriber.Status.CONFIRMED and facts.notice_kind != Notice.Kind.CONFIRMATION:
        return "the subscriber has not confirmed"
    if facts.expires_at is not None and facts.expires_at <= now:
        return "expired before it could be sent"
    if facts.ended:
        return "the subscription has ended"
    if facts.paused_until is not None and facts.paused_until > now:
        return "the subscription is paused"
    if facts.due_at is not None and facts.cadence and now - facts.due_at > WORTH_SENDING[Subscription.Cadence(facts.cadence)]:
        return "too late to be useful"
    return ""


def barred(deliveries: Collection[int], now: dt.datetime) -> dict[int, str]:
    """Those of the deliveries that must not be sent, each with its reason; one that was erased counts among them."""
    asked = Delivery.objects.filter(pk__in=_array(deliveries))
    doubtful = set(deliveries).difference(asked.filter(_clear(now), ~_suppressed()).values_list("pk", flat=True))
    return _why_not(doubtful, now) if doubtful else {}


def _array(deliveries: Collection[int]) -> RawSQL:
    """The numbers as one parameter; as five hundred they cost more than the answer."""
    return RawSQL("SELECT unnest(%s::bigint[])", [numbers(deliveries).decode()])


def _suppressed() -> Exists:
    return Exists(Suppression.objects.standing().filter(mailbox_hash=OuterRef("subscriber__mailbox_hash")))


def _clear(now: dt.datetime) -> Q:
    """Issues that nothing but a suppression can speak against: nearly all, so that only the rest is looked at in full."""
    subscription = "issue__subscription__"
    running = Q(**{f"{subscription}paused_until": None}) | Q(**{f"{subscription}paused_until__lte": now})
    worth_sending = Q(issue__due_at__gte=now - min(WORTH_SENDING.values()), **{f"{subscription}ended_at": None})
    return Q(subscriber__status=Subscriber.Status.CONFIRMED) & worth_sending & running


def _why_not(deliveries: Collection[int], now: dt.datetime) -> dict[int, str]:
    rows = Delivery.objects.filter(pk__in=_array(deliveries)).values_list(
        "pk",
        "subscriber__status",
        _suppressed(),
        "notice__recipient",
        "notice__kind",
        "notice__expires_at",
        "issue__subscription__ended_at",
        "issue__subscription__paused_until",
        "issue__due_at",
        "issue__subscription__cadence",
    )
    found = list(rows)
    elsewhere = {row[0]: suppression.mailbox_hash(row[3]) for row in found if row[3]}
    standing_elsewhere = suppression.standing(elsewhere.values()) if elsewhere else set()
    reasons = dict.fromkeys(deliveries, "erased")
    for pk, status, suppressed, _, kind, expires_at, ended_at, paused_until, due_at, cadence in found:
        if pk in elsewhere:
            suppressed = elsewhere[pk] in standing_elsewhere
        facts = Facts(status, suppressed, kind, expires_at, ended_at is not None, paused_until, due_at, cadence)
        reasons[pk] = why_not(facts, now)
    return {pk: reason for pk, reason in reasons.items() if reason}
