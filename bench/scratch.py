"""A scratch database for a benchmark, and a made-up world of papers and readers in it; the same for the same seed."""

import contextlib
import datetime as dt
import random
from collections.abc import Iterator

from django.db import connection

from digest.models import Paper, PaperTopic
from subscriptions.models import Interest, Subscriber, Subscription, Topic

MONDAY = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
"""When every reader's issue is due."""
SHOWN = 12
_TOPICS = 100
_WORDS = 20_000
_CHUNK = 2_000


@contextlib.contextmanager
def database() -> Iterator[None]:
    """An empty, migrated database beside the one that DATABASE_URL names, dropped in the end."""
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def words(random_: random.Random) -> list[str]:
    """A vocabulary of made-up words; the earlier, the more often they are used."""
    syllables = ["ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu"]
    return ["".join(random_.choices(syllables, k=random_.randint(2, 4))) for _ in range(_WORDS)]


def papers(count: int, random_: random.Random) -> None:
    """Papers of one week, with abstracts of some 150 words whose frequencies follow Zipf's law, in one to four topics each."""
    vocabulary = words(random_)
    weights = [1 / rank for rank in range(1, len(vocabulary) + 1)]
    topics = Topic.objects.bulk_create(
        Topic(slug=f"topic-{number}", name=f"Topic {number}", field="Made up", description="-") for number in range(_TOPICS)
    )
    made = Paper.objects.bulk_create(
        [
            Paper(
                title=" ".join(random_.choices(vocabulary, weights, k=9)).capitalize(),
                abstract=" ".join(random_.choices(vocabulary, weights, k=150)) + ".",
                title_source="-",
                authors=[f"Author {random_.randrange(3 * count)}" for _ in range(4)],
                upvotes=int(random_.paretovariate(1.2)),
                announced_at=(listed := MONDAY - dt.timedelta(seconds=random_.randrange(1, 7 * 86_400))),
                listed_at=listed,
            )
            for _ in range(count)
        ],
        batch_size=1000,
    )
    PaperTopic.objects.bulk_create(
        [
            PaperTopic(paper=paper, topic=topic, score=random_.uniform(0.1, 1))
            for paper in made
            for topic in random_.sample(topics, random_.randint(1, 4))
        ],
        batch_size=5000,
    )


def readers(count: int, random_: random.Random, first: int = 0) -> None:
    """So many more confirmed readers in seven zones: one weekly digest each, three topics, two key terms; all due at MONDAY."""
    topics = list(Topic.objects.values_list("pk", flat=True))
    terms = words(random.Random(0))[20:2000]
    zones = ["Europe/Paris", "America/New_York", "Asia/Tokyo", "UTC", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo"]
    for start in range(first, first + count, _CHUNK):
        numbers = range(start, min(start + _CHUNK, first + count))
        people = Subscriber.objects.bulk_create(
            Subscriber(
                address=f"reader{number}@{number % 50}.example.org",
                mailbox_hash=number.to_bytes(32, "big"),
                time_zone=zones[number % len(zones)],
                status=Subscriber.Status.CONFIRMED,
                confirmed_at=MONDAY - dt.timedelta(days=30),
            )
            for number in numbers
        )
        digests = Subscription.objects.bulk_create(
            Subscription(subscriber=person, size=SHOWN, next_issue_at=MONDAY) for person in people
        )
        Interest.objects.bulk_create(
            [
                Interest(subscription=digest, kind=Interest.Kind.TOPIC, topic_id=topic)
                for digest in digests
                for topic in random_.sample(topics, 3)
            ]
            + [
                Interest(subscription=digest, kind=Interest.Kind.KEYWORD, value=term)
                for digest in digests
                for term in random_.sample(terms, 2)
            ],
            batch_size=5000,
            ignore_conflicts=True,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
