"""Subscribing, confirming, ending: what a person agrees to, and the record of it.

Each function does one event in one transaction: the rows it changes, the consent it writes, the notice it calls for.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from subscriptions import interests, mailboxes, schedule, suppression, tokens
from subscriptions.models import Consent, Notice, Subscriber, Subscription

WORDING = "Send me papers by email, on the schedule and the subjects I chose. I can stop at any time, with one click."
CONFIRM_WORDING = "Confirm my subscription"
# The header by which the unsubscribe page says what a POST did, so that no other page passes for it: "ended" or "already".
UNSUBSCRIBED = "X-Unsubscribed"
STOP_WORDING = "Stop this digest"
WORDING_VERSION = "1"

UNCONFIRMED = dt.timedelta(days=7)
LINK = dt.timedelta(minutes=30)


@dataclass(frozen=True)
class SignUp:
    """What a person asked for, as the form (or an import, or a command) understood it.

    Raises AddressRefused from `subscribe` when the address cannot be mailed, ValueError for a zone or cadence that is none.
    """

    address: str
    name: str = ""
    time_zone: str = ""
    cadence: str = Subscription.Cadence.WEEKLY.value
    weekday: int = Subscription.Weekday.MONDAY.value
    hour: int = 7
    topics: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    excluded_topics: tuple[str, ...] = ()
    excluded_keywords: tuple[str, ...] = ()
    excluded_authors: tuple[str, ...] = ()
    size: int = 12
    minutes: int | None = None
    format: str = Subscription.Format.HTML.value
    method: str = "form"
    network: str = ""
    wording: str = WORDING

    @property
    def wishes(self) -> interests.Wishes:
        return interests.Wishes(
            self.topics,
            self.keywords,
            self.authors,
            self.texts,
            self.excluded_topics,
            self.excluded_keywords,
            self.excluded_authors,
        )


@dataclass(frozen=True)
class Subscribed:
    """`confirmation`: a notice asks to confirm. `magic-link`: the address has a digest, and gets a link to its preferences.
    `suppressed`: we never mail this address, and nothing was written."""

    outcome: Literal["confirmation", "magic-link", "suppressed"]
    reason: str
    subscriber: Subscriber | None = None
    subscription: Subscription | None = None
    notice: Notice | None = None
    unknown_topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Confirmed:
    """`confirmed` now, `already` before, or `gone`: no such link, too old, or its subscription ended since."""

    outcome: Literal["confirmed", "already", "gone"]
    reason: str
    subscription: Subscription | None = None


@dataclass(frozen=True)
class Unsubscribed:
    """`ended` now, `already` before (or erased), or `gone`: the link is not ours. `others` are the person's live digests."""

    outcome: Literal["ended", "already", "gone"]
    reason: str
    subscription: Subscription | None = None
    others: tuple[Subscription, ...] = field(default=())


def subscribe(signup: SignUp, now: dt.datetime) -> Subscribed:
    """Write down a sign-up and the notice that answers it.

    A new address waits for its confirmation; asking again before that replaces what was asked; an address whose digests all
    ended starts over; an address with a live digest changes in nothing and gets a link to its preferences.
    """
    mailbox = mailboxes.parse(signup.address)
    zone = schedule.zone(signup.time_zone or settings.DEFAULT_TIME_ZONE).key
    if signup.cadence not in Subscription.Cadence.values:
        raise ValueError(f"There is no cadence {signup.cadence!r}; there are {', '.join(Subscription.Cadence.values)}.")
    hashed = suppression.mailbox_hash(mailbox.address)
    if suppression.standing([hashed]):
        return Subscribed("suppressed", "the address is suppressed")
    with transaction.atomic():
        subscriber, new = Subscriber.objects.select_for_update().get_or_create(
            mailbox_hash=hashed,
            defaults={
                "address": mailbox.address,
                "name": signup.name,
                "time_zone": zone,
                "created_at": now,
            },
        )
        if not new and subscriber.subscriptions.live().exists():
            notice = write_notice(subscriber, Notice.Kind.MAGIC_LINK, now, LINK, because="sign-up")
            return Subscribed("magic-link", "the address has a digest already", subscriber, notice=notice)
        if not new:
            subscriber.time_zone = zone
            subscriber.name = subscriber.name or signup.name
            subscriber.save(update_fields=["time_zone", "name"])
        subscription = subscriber.subscriptions.waiting().order_by("-id").first() or Subscription(subscriber=subscriber)
        subscription.created_at = now
        subscription.cadence, subscription.weekday, subscription.hour = signup.cadence, signup.weekday, signup.hour
        subscription.size, subscription.minutes, subscription.format = signup.size, signup.minutes, signup.format
        subscription.save()
        replaced = interests.replace(subscription, signup.wishes)
        record(subscriber, Consent.Event.REQUESTED, signup.method, signup.wording, now, signup.network)
        notice = write_notice(subscriber, Notice.Kind.CONFIRMATION, now, UNCONFIRMED, subscription=subscription.pk)
    reason = "a new address" if new else "an address without a digest"
    return Subscribed("confirmation", reason, subscriber, subscription, notice, replaced.unknown_topics)


def confirmation(token: str, now: dt.datetime) -> Confirmed:
    """What confirming with this link would do; changes nothing. `confirmed` means that it waits for the button."""
    notice = noticed(Notice.Kind.CONFIRMATION, token)
    if notice is None:
        return Confirmed("gone", "no such link")
    subscription = Subscription.objects.filter(pk=notice.context["subscription"]).select_related("subscriber").first()
    if subscription is None or subscription.ended_at is not None:
        return Confirmed("gone", "the subscription ended")
    if subscription.next_issue_at is not None:
        return Confirmed("already", "it was confirmed before", subscription)
    if notice.expires_at <= now:
        return Confirmed("gone", "the link is too old")
    return Confirmed("confirmed", "it waits for the button", subscription)


def confirm(token: str, now: dt.datetime, *, method: str = "link", network: str = "") -> Confirmed:
    """Confirm the sign-up behind this link: the digest starts, its first issue at the next hour of its schedule."""
    with transaction.atomic():
        notice = noticed(Notice.Kind.CONFIRMATION, token)
        if notice is not None:
            Subscriber.objects.select_for_update().filter(pk=notice.subscriber_id).first()
        found = confirmation(token, now)
        if found.outcome != "confirmed" or found.subscription is None or notice is None:
            return found
        subscription, subscriber = found.subscription, found.subscription.subscriber
        if subscriber.status == Subscriber.Status.PENDING:
            subscriber.status, subscriber.confirmed_at = Subscriber.Status.CONFIRMED, now
            subscriber.save(update_fields=["status", "confirmed_at"])
        subscription.next_issue_at = next_issue_at(subscription, now)
        subscription.save(update_fields=["next_issue_at"])
        Notice.objects.filter(pk=notice.pk).update(used_at=now)
        record(subscriber, Consent.Event.CONFIRMED, method, CONFIRM_WORDING, now, network)
    return Confirmed("confirmed", "confirmed now", subscription)


def ending(token: str) -> Unsubscribed:
    """What unsubscribing with this link would do; changes nothing. `ended` means that it waits for the button."""
    numbers = tokens.read(tokens.Scope.UNSUBSCRIBE, token)
    if numbers is None or len(numbers) != 1:
        return Unsubscribed("gone", "no such link")
    subscription = Subscription.objects.filter(pk=numbers[0]).select_related("subscriber").first()
    if subscription is None:
        return Unsubscribed("already", "nothing is left of this subscription")
    others = tuple(subscription.subscriber.subscriptions.live().exclude(pk=subscription.pk).order_by("id"))
    if subscription.ended_at is not None:
        return Unsubscribed("already", "it ended before", subscription, others)
    return Unsubscribed("ended", "it waits for the button", subscription, others)


def unsubscribe(token: str, now: dt.datetime, method: str, *, everything: bool = False, network: str = "") -> Unsubscribed:
    """End the subscription whose message carried this link, or all digests of its subscriber.

    Senders learn of it by asking for ended subscriptions every two seconds, so it holds for messages already queued.
    """
    with transaction.atomic():
        found = ending(token)
        if found.subscription is None:
            return found
        Subscriber.objects.select_for_update().get(pk=found.subscription.subscriber_id)
        found = ending(token)
        if found.subscription is None:
            return found
        ends = [found.subscription] if found.outcome == "ended" else []
        if everything:
            ends += found.others
        if not ends:
            return found
        Subscription.objects.filter(pk__in=[each.pk for each in ends]).update(
            ended_at=now, ended_because=f"unsubscribed by {method}", next_issue_at=None, paused_until=None
        )
        record(found.subscription.subscriber, Consent.Event.UNSUBSCRIBED, method, STOP_WORDING, now, network)
    return Unsubscribed("ended", "ended now", found.subscription, () if everything else found.others)


def forget_unconfirmed(now: dt.datetime) -> dict[str, int]:
    """Remove sign-ups that nobody confirmed within seven days of the last time they were asked for.

    Returns how many subscribers went, and how many subscriptions of people who had been here before.
    """
    asked = Notice.objects.filter(subscriber=OuterRef("pk"), kind=Notice.Kind.CONFIRMATION, expires_at__gt=now)
    old = now - UNCONFIRMED
    unasked = Subscriber.objects.filter(~Exists(asked), status=Subscriber.Status.PENDING, created_at__lte=old)
    with transaction.atomic():
        ids = list(unasked.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Subscriber.objects.filter(pk__in=ids).delete()
        again = Subscription.objects.waiting().filter(created_at__lte=old, subscriber__status=Subscriber.Status.CONFIRMED)
        left = again.count()
        again.delete()
    return {"subscribers": len(ids), "subscriptions": left}


def next_issue_at(subscription: Subscription, after: dt.datetime) -> dt.datetime:
    """The subscription's next hour, strictly after `after` and not before its pause ends."""
    start = max(after, subscription.paused_until or after)
    zone = subscription.subscriber.time_zone
    return schedule.next_issue_at(subscription.cadence, subscription.weekday, subscription.hour, zone, start)


def noticed(kind: Notice.Kind, token: str) -> Notice | None:
    """The notice whose link this is, unless the subscriber's links were revoked since."""
    notice_id = tokens.read_notice(kind, token)
    if notice_id is None:
        return None
    notice = Notice.objects.filter(pk=notice_id, kind=kind).select_related("subscriber").first()
    return notice if notice and notice.context["generation"] == notice.subscriber.token_generation else None


def write_notice(
    subscriber: Subscriber,
    kind: Notice.Kind,
    now: dt.datetime,
    lifetime: dt.timedelta,
    *,
    recipient: str = "",
    **context: int | str,
) -> Notice:
    """Write a notice in the event's own transaction. One event of a kind, subscriber and instant is one notice."""
    notice, _ = Notice.objects.get_or_create(
        key=f"{kind}:{subscriber.pk}:{now:%Y%m%dT%H%M%S%f}",
        defaults={
            "subscriber": subscriber,
            "recipient": recipient,
            "kind": kind,
            "context": {"generation": subscriber.token_generation, **context},
            "created_at": now,
            "expires_at": now + lifetime,
        },
    )
    return notice


def record(
    subscriber: Subscriber | None,
    event: Consent.Event,
    method: str,
    wording: str,
    now: dt.datetime,
    network: str = "",
    *,
    hashed: bytes = b"",
) -> None:
    """Add a line to the record of consent. `hashed` names the mailbox when the subscriber is no more."""
    Consent.objects.create(
        subscriber=subscriber,
        mailbox_hash=bytes(subscriber.mailbox_hash) if subscriber else hashed,
        event=event,
        method=method,
        wording=wording,
        wording_version=WORDING_VERSION,
        network=network,
        at=now,
    )
