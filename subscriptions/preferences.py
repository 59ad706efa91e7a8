"""What a person changes about a digest: subjects, schedule, length, pauses."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from subscriptions import consent, interests, tokens
from subscriptions.models import Subscriber, Subscription


@dataclass(frozen=True)
class Choices:
    """Everything the page of preferences holds."""

    wishes: interests.Wishes
    cadence: str
    weekday: int
    hour: int
    size: int
    format: str


def of_message(token: str) -> Subscription | None:
    """The live digest whose message carried this token, unless the subscriber's links were revoked since."""
    numbers = tokens.read(tokens.Scope.MESSAGE, token)
    if numbers is None or len(numbers) != 2:
        return None
    live = Subscription.objects.live().filter(pk=numbers[0], subscriber__token_generation=numbers[1])
    return live.select_related("subscriber").first()


def update(subscription_id: int, choices: Choices, now: dt.datetime) -> Subscription | None:
    """Set the digest to these choices and its next hour anew; None when it ended or is gone."""
    with transaction.atomic():
        subscription = _live(subscription_id)
        if subscription is None:
            return None
        interests.replace(subscription, choices.wishes)
        subscription.cadence, subscription.weekday, subscription.hour = choices.cadence, choices.weekday, choices.hour
        subscription.size, subscription.format = choices.size, choices.format
        return _rescheduled(subscription, now)


def pause(subscription_id: int, until: dt.datetime, now: dt.datetime) -> Subscription | None:
    """Send nothing before `until`; None when the digest ended or is gone."""
    with transaction.atomic():
        subscription = _live(subscription_id)
        if subscription is None:
            return None
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


def rename(subscriber: Subscriber, name: str, time_zone: str, now: dt.datetime) -> None:
    """Set a subscriber's name and time zone; every live digest keeps its local hour."""
    with transaction.atomic():
        locked = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
        locked.name, locked.time_zone = name, time_zone
        locked.save(update_fields=["name", "time_zone"])
        for subscription in locked.subscriptions.live().select_related("subscriber"):
            _rescheduled(subscription, now)


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
