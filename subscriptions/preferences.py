"""What a person changes about a digest: subjects, schedule, length, pauses."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from subscriptions import consent, interests, tokens
from subscriptions.models import Consent, Subscriber, Subscription

MOST_DIGESTS = 10
ADD_WORDING = "Add this digest"


@dataclass(frozen=True)
class Choices:
    """Everything the page of preferences holds."""

    wishes: interests.Wishes
    cadence: str
    weekday: int
    hour: int
    size: int
    minutes: int | None
    format: str


def of_message(token: str) -> Subscription | None:
    """The live digest whose message carried this token, unless the subscriber's links were revoked since."""
    numbers = tokens.read(tokens.Scope.MESSAGE, token)
    if numbers is None or len(numbers) != 2:
        return None
    live = Subscription.objects.live().filter(pk=numbers[0], subscriber__token_generation=numbers[1])
    return live.select_related("subscriber").first()


def of_feed(token: str) -> Subscription | None:
    """The digest whose private feed has this address, unless it was given a new one since or the digest has ended."""
    numbers = tokens.read(tokens.Scope.FEED, token)
    if numbers is None or len(numbers) != 2:
        return None
    live = Subscription.objects.live().filter(pk=numbers[0], feed_generation=numbers[1])
    return live.select_related("subscriber").first()


def renew_feed(subscriber: Subscriber, subscription_id: int) -> bool:
    """Give a digest's private feed a new address, so that the old one leads nowhere; whether there is such a digest."""
    digest = subscriber.subscriptions.live().filter(pk=subscription_id)
    return bool(digest.update(feed_generation=F("feed_generation") + 1))


def update(subscription_id: int, choices: Choices, now: dt.datetime) -> Subscription | None:
    """Set the digest to these choices and its next hour anew; None when it ended or is gone."""
    with transaction.atomic():
        subscription = _live(subscription_id)
        if subscription is None:
            return None
        interests.replace(subscription, choices.wishes)
        _set(subscription, choices)
        return _rescheduled(subscription, now)


def pause(subscription_id: int, until: dt.datetime, now: dt.datetime) -> Subscription | None:
    """Send nothing before `until`; None when the digest ended or is gone.

    `paused_at` keeps when the pause began, past its end: the first issue after it tells of all the time away.
    """
    with transaction.atomic():
        subscription = _live(subscription_id)
        if subscription is None:
            return None
        if subscription.paused_until is None or subscription.paused_until <= now:
            subscription.paused_at = now
        subscription.paused_until = until
        return _rescheduled(subscription, now)


def resume(subscription_id: int, now: dt.datetime) -> Subscription | None:
    """End a pause; None when the digest ended or is gone."""
    with transaction.atomic():
        subscription = _live(subscription_id)
        if subscription is None:
            return None
        subscription.paused_until = None
        return _rescheduled(subscription, now)


def fewer(subscription_id: int, now: dt.datetime) -> Subscription | None:
    """Daily becomes weekly, weekly becomes monthly; None when the digest ended or is gone."""
    with transaction.atomic():
        subscription = _live(subscription_id)
        if subscription is None:
            return None
        subscription.cadence = slower(subscription.cadence) or subscription.cadence
        return _rescheduled(subscription, now)


def slower(cadence: str) -> str | None:
    """The next slower cadence, or None when there is none."""
    return {"daily": "weekly", "weekly": "monthly"}.get(cadence)


def add(subscriber: Subscriber, name: str, choices: Choices, now: dt.datetime, network: str = "") -> Subscription | None:
    """Another digest for an address that is confirmed, live at once; None when there are ten already.

    The session that asks was opened by a message to that address, so nothing has to be confirmed again; the record says so.
    """
    with transaction.atomic():
        locked = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
        if locked.subscriptions.live().count() >= MOST_DIGESTS:
            return None
        subscription = Subscription(subscriber=locked, name=name, created_at=now)
        _set(subscription, choices)
        subscription.next_issue_at = consent.next_issue_at(subscription, now)
        subscription.save()
        interests.replace(subscription, choices.wishes)
        for event in (Consent.Event.REQUESTED, Consent.Event.CONFIRMED):
            consent.record(locked, event, "session", ADD_WORDING, now, network)
    return subscription


def name(subscription_id: int, called: str) -> None:
    """Call a digest something that tells it apart."""
    Subscription.objects.live().filter(pk=subscription_id).update(name=called)


def rename(subscriber: Subscriber, name: str, time_zone: str, now: dt.datetime) -> None:
    """Set a subscriber's name and time zone; every live digest keeps its local hour."""
    with transaction.atomic():
        locked = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
        locked.name, locked.time_zone = name, time_zone
        locked.save(update_fields=["name", "time_zone"])
        for subscription in locked.subscriptions.live().select_related("subscriber"):
            _rescheduled(subscription, now)


def _set(subscription: Subscription, choices: Choices) -> None:
    subscription.cadence, subscription.weekday, subscription.hour = choices.cadence, choices.weekday, choices.hour
    subscription.size, subscription.minutes, subscription.format = choices.size, choices.minutes, choices.format


def _live(subscription_id: int) -> Subscription | None:
    """The live digest, its subscriber locked: publishing locks the subscriber too, so neither overtakes the other."""
    owner = Subscription.objects.filter(pk=subscription_id).values("subscriber_id")
    Subscriber.objects.select_for_update().filter(pk__in=owner).first()
    return Subscription.objects.live().filter(pk=subscription_id).select_related("subscriber").first()


def _rescheduled(subscription: Subscription, now: dt.datetime) -> Subscription:
    if subscription.paused_until and subscription.paused_until <= now:
        subscription.paused_until = None
    subscription.next_issue_at = consent.next_issue_at(subscription, now)
    subscription.save()
    return subscription
