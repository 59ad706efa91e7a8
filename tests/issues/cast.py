"""A familiar cast: readers, their digests, and papers, as rows."""

import datetime as dt
from collections.abc import Iterable

from digest.models import Delivery, Issue, Paper, PaperTopic
from subscriptions.models import Interest, Subscriber, Subscription, Topic
from subscriptions.suppression import mailbox_hash

MONDAY = dt.datetime(2026, 3, 16, 6, 0, tzinfo=dt.UTC)
"""Monday 16 March 2026, 07:00 in Paris, when a weekly issue is due."""
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)


def reader(name: str = "ada", *, confirmed: bool = True, time_zone: str = "Europe/Paris") -> Subscriber:
    address = f"{name}@example.org"
    return Subscriber.objects.create(
        address=address,
        mailbox_hash=mailbox_hash(address),
        time_zone=time_zone,
        status=Subscriber.Status.CONFIRMED if confirmed else Subscriber.Status.PENDING,
        confirmed_at=MONDAY - 3 * WEEK if confirmed else None,
    )


def digest_for(subscriber: Subscriber, *topics: Topic, **fields: object) -> Subscription:
    """A weekly digest, Mondays at 07:00, due at MONDAY unless told otherwise."""
    subscription = Subscription.objects.create(subscriber=subscriber, **{"next_issue_at": MONDAY, **fields})
    for topic in topics:
        Interest.objects.create(subscription=subscription, kind=Interest.Kind.TOPIC, topic=topic)
    return subscription


def topic(slug: str) -> Topic:
    return Topic.objects.get_or_create(
        slug=slug, defaults={"name": slug.replace("-", " ").capitalize(), "field": "Science", "description": "-"}
    )[0]


def paper(title: str, *topics: Topic, listed_at: dt.datetime = MONDAY - DAY, **fields: object) -> Paper:
    made = Paper.objects.create(
        title=title,
        abstract=f"We look at {title.lower()}.",
        title_source=title,
        announced_at=listed_at,
        listed_at=listed_at,
        **fields,
    )
    PaperTopic.objects.bulk_create(PaperTopic(paper=made, topic=each, score=0.9) for each in topics)
    return made


def titles(issue: Issue) -> list[str]:
    """The titles an issue shows, in its order."""
    by_id: dict[int, str] = dict(Paper.objects.filter(pk__in=issue.paper_ids).values_list("pk", "title"))
    return [by_id[each] for each in issue.paper_ids]


def settle(issues: Iterable[Issue], state: Delivery.State = Delivery.State.ACCEPTED, reason: str = "") -> None:
    """Give the deliveries of these issues their end."""
    Delivery.objects.filter(issue__in=list(issues)).update(state=state, reason=reason, finished_at=MONDAY)
