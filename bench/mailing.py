"""A mailing that waits: papers, readers, issues of twelve papers, and their deliveries, all queued."""

import datetime as dt
import random

from django.db import connection

from digest.issues import gist
from digest.models import Delivery, Issue, Paper, RankingConfiguration
from subscriptions.models import Subscriber, Subscription

NOW = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
_SHOWN = 12
_WEEK = dt.timedelta(days=7)
_CHUNK = 10_000
_WORDS = ["learning", "model", "dynamics", "control", "operator", "transformer", "attention", "diffusion", "policy", "reward"]


def prepare(readers: int, papers: int = 500, seed: int = 20260316) -> None:
    """Empty the database and fill it: `readers` queued deliveries of issues with papers drawn evenly."""
    draw = random.Random(seed)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE digest_issue, digest_delivery, digest_paper, subscriptions_subscriber CASCADE")
    shown = _papers(papers, draw)
    configuration, _ = RankingConfiguration.objects.get_or_create(version=1, defaults={"weights": {}})
    for first in range(1, readers + 1, _CHUNK):
        numbers = range(first, min(first + _CHUNK, readers + 1))
        people = Subscriber.objects.bulk_create(
            Subscriber(
                address=f"reader{number}@{number % 50}.example.org",
                mailbox_hash=number.to_bytes(32, "big"),
                name="Ada Lovelace",
                time_zone="Europe/Paris",
                status=Subscriber.Status.CONFIRMED,
                confirmed_at=NOW,
            )
            for number in numbers
        )
        digests = Subscription.objects.bulk_create(
            Subscription(subscriber=person, next_issue_at=NOW + _WEEK) for person in people
        )
        issues = Issue.objects.bulk_create(_issue(digest, draw.sample(shown, _SHOWN), configuration) for digest in digests)
        Delivery.objects.bulk_create(_delivery(issue, digest) for issue, digest in zip(issues, digests, strict=True))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _papers(count: int, draw: random.Random) -> list[int]:
    made = Paper.objects.bulk_create(
        Paper(
            title=" ".join(draw.choices(_WORDS, k=9)).title(),
            abstract=" ".join(" ".join(draw.choices(_WORDS, k=18)).capitalize() + "." for _ in range(9)),
            title_source="-",
            authors=["Ada Lovelace", "Emmy Noether", "Sofya Kovalevskaya"],
            url=f"https://arxiv.example.org/abs/2603.{number:05}",
            pdf_url=f"https://arxiv.example.org/pdf/2603.{number:05}",
            announced_at=NOW,
            listed_at=NOW,
        )
        for number in range(count)
    )
    return [paper.pk for paper in made]


def _issue(digest: Subscription, papers: list[int], configuration: RankingConfiguration) -> Issue:
    reasons = [{"text": "matches “Learning”", "handle": "interest:1"}]
    slate = [
        {"paper": paper, "revision": 1, "score": 1.5, "slot": "match", "terms": [], "reasons": reasons} for paper in papers
    ]
    receipt = {
        "considered": 412,
        "shown": _SHOWN,
        "near_misses": [],
        "excluded": {},
        "trending_only": False,
        "missing_days": 0,
        "topics": ["Learning"],
    }
    return Issue(
        subscription=digest,
        number=1,
        due_at=NOW,
        window_start=NOW - _WEEK,
        window_end=NOW,
        configuration=configuration,
        paper_ids=papers,
        slate=slate,
        receipt=receipt,
        gist=gist.write(slate, receipt),
        published_at=NOW,
    )


def _delivery(issue: Issue, digest: Subscription) -> Delivery:
    return Delivery(
        issue=issue,
        subscriber_id=digest.subscriber_id,
        domain=digest.subscriber.domain,
        priority=Delivery.Priority.ISSUE,
        message_id=f"<issue-{issue.pk}@papers.example.org>",
        next_attempt_at=NOW,
    )


def requeue() -> None:
    """Put every delivery back to where it was, in a table as compact as at first."""
    Delivery.objects.update(
        state="queued", reason="", reply="", attempts=0, fence=0, next_attempt_at=NOW, finished_at=None, first_attempt_at=None
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL digest_delivery")
        cursor.execute("ANALYZE digest_delivery")
        cursor.execute("CHECKPOINT")


def accepted() -> int:
    """Deliveries that the ledger says were accepted."""
    return Delivery.objects.filter(state=Delivery.State.ACCEPTED).count()
