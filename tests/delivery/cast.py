"""Readers whose issues wait, and the messages they get."""

import datetime as dt
import time
from collections.abc import Sequence

from digest.delivery import Policy
from digest.messages import Outgoing
from digest.models import Delivery, Issue, RankingConfiguration
from digest.smtp import Relay
from subscriptions.models import Notice, Subscriber, Subscription
from subscriptions.suppression import mailbox_hash

MONDAY = dt.datetime(2026, 3, 16, 7, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


class Clock:
    """A clock that a test puts ahead."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def reader(name: str, domain: str = "example.org") -> Subscriber:
    address = f"{name}@{domain}"
    return Subscriber.objects.create(
        address=address,
        mailbox_hash=mailbox_hash(address),
        time_zone="Europe/Paris",
        status=Subscriber.Status.CONFIRMED,
        confirmed_at=MONDAY - dt.timedelta(days=30),
    )


def issue_for(subscriber: Subscriber, due_at: dt.datetime = MONDAY) -> Delivery:
    """A queued delivery of a weekly issue."""
    configuration, _ = RankingConfiguration.objects.get_or_create(version=1, defaults={"weights": {}})
    subscription, _ = Subscription.objects.get_or_create(subscriber=subscriber)
    issue = Issue.objects.create(
        subscription=subscription,
        number=1,
        due_at=due_at,
        window_start=due_at - dt.timedelta(days=7),
        window_end=due_at,
        configuration=configuration,
        published_at=due_at,
    )
    return Delivery.objects.create(
        issue=issue,
        subscriber=subscriber,
        domain=subscriber.domain,
        priority=Delivery.Priority.ISSUE,
        message_id=f"<issue-{issue.pk}@papers.example.org>",
        next_attempt_at=due_at,
    )


def waiting(*names: str, domain: str = "example.org") -> list[Delivery]:
    """One queued issue for each of the names."""
    return [issue_for(reader(name, domain)) for name in names]


def notice_for(subscriber: Subscriber, kind: str = Notice.Kind.MAGIC_LINK, recipient: str = "") -> Notice:
    return Notice.objects.create(
        subscriber=subscriber,
        kind=kind,
        recipient=recipient,
        key=f"{kind}:{subscriber.pk}:{recipient}",
        expires_at=MONDAY + dt.timedelta(hours=1),
    )


def letters(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
    """A small message for each delivery."""
    addresses = dict(Delivery.objects.filter(pk__in=[each.pk for each in deliveries]).values_list("pk", "subscriber__address"))
    return {
        each.pk: Outgoing(
            f"bounces+{each.pk}@papers.example.org",
            addresses[each.pk],
            f"Message-ID: {each.message_id}\r\nSubject: Papers\r\n\r\nA paper.\r\n".encode(),
        )
        for each in deliveries
    }


def policy(url: str, **changes: object) -> Policy:
    """A sender to the relay at `url`, with one connection and all the time it needs unless told otherwise."""
    values: dict[str, object] = {
        "relay": Relay.parse(url), "hostname": "papers.example.org", "connections": 1, "seconds": 3600.0, **changes
    }  # fmt: skip
    return Policy(**values)  # type: ignore[arg-type]  # the caller names fields of Policy
