"""A small cast: papers, readers and their issues, as values and as rows."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from digest.issues.contents import Choice, Contents, Link, PaperText
from digest.models import Delivery, Issue, Paper, RankingConfiguration
from subscriptions.models import Subscriber, Subscription

PARIS = ZoneInfo("Europe/Paris")
NOW = dt.datetime(2026, 3, 16, 6, 1, tzinfo=dt.UTC)
DUE = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
SITE = "https://papers.example.org"

ABSTRACT = (
    "Learning a linear model of a nonlinear system is hard when the data are few. We lift the state into a space of "
    "observables where the dynamics are linear, and learn both at once. The method needs ten times fewer samples than a black "
    "box. On a robot arm it tracks a moving target with half the error. We prove that the error shrinks with the number of "
    "observables. Code and data are published with the paper, so that every figure can be made again."
)


def paper(number: int, title: str = "", **values: Any) -> PaperText:
    """Paper `number`, with authors, topics and links unless told otherwise."""
    known: dict[str, Any] = {
        "id": number,
        "revision": 1,
        "title": title or f"Koopman{number}: Linear Models of Nonlinear Systems, Part {number}",
        "url": f"https://arxiv.example.org/abs/2603.{number:05}",
        "abstract": ABSTRACT,
        "authors": ("Ada Lovelace", "Grace Hopper"),
        "topics": ("Koopman operators",),
        "upvotes": number,
        "links": (
            Link("PDF", f"https://arxiv.example.org/pdf/2603.{number:05}"),
            Link("Code", f"https://code.example.org/k{number}"),
        ),
    }
    return PaperText(**{**known, **values})


def choice(number: int, **values: Any) -> Choice:
    """Paper `number`, chosen for a key term."""
    return Choice(**{"paper": paper(number), "reasons": ("matches “koopman operator”",), "interest": 7, **values})


def contents(*choices: Choice, **values: Any) -> Contents:
    """A weekly issue for a reader in Paris."""
    known: dict[str, Any] = {
        "date": DUE.astimezone(PARIS),
        "number": 12,
        "cadence": "weekly",
        "topics": ("Robot learning", "Koopman operators"),
        "trending_only": False,
        "choices": choices,
        "near": (paper(901), paper(902)),
        "considered": 412,
        "missing_days": 0,
        "next_at": (DUE + dt.timedelta(days=7)).astimezone(PARIS),
        "unsubscribe_token": "5.aaaaaaaaaaaaaaaaaaaaaa",
        "message_token": "5.0.aaaaaaaaaaaaaaaaaaaaaa",
        "issue_token": "3c.0.aaaaaaaaaaaaaaaaaaaaaa",
    }
    return Contents(**{**known, **values})


def subscriber(name: str = "ada", **values: Any) -> Subscriber:
    """A confirmed subscriber in Paris."""
    known = {
        "address": f"{name}@example.org",
        "mailbox_hash": name.encode(),
        "time_zone": "Europe/Paris",
        "status": Subscriber.Status.CONFIRMED,
        "confirmed_at": DUE,
    }
    return Subscriber.objects.create(**{**known, **values})


def stored_paper(number: int, **values: Any) -> Paper:
    """A row for paper `number`."""
    known = {
        "id": number,
        "title": f"Koopman{number}: Linear Models, Part {number}",
        "title_source": "x",
        "abstract": ABSTRACT,
        "authors": ["Ada Lovelace", "Grace Hopper"],
        "url": f"https://arxiv.example.org/abs/2603.{number:05}",
        "links": [{"kind": "code", "url": f"https://code.example.org/k{number}"}],
        "announced_at": DUE,
        "listed_at": DUE,
    }
    return Paper.objects.create(**{**known, **values})


def delivery(reader: Subscriber, papers: list[Paper], *, near: tuple[Paper, ...] = (), **values: Any) -> Delivery:
    """An issue of these papers for the reader, waiting for its delivery."""
    subscription = Subscription.objects.create(
        subscriber=reader, next_issue_at=DUE + dt.timedelta(days=7), **values.pop("subscription", {})
    )
    configuration, _ = RankingConfiguration.objects.get_or_create(version=1, defaults={"weights": {}})
    issue = Issue.objects.create(
        subscription=subscription,
        number=1,
        due_at=DUE,
        window_start=DUE - dt.timedelta(days=7),
        window_end=DUE,
        configuration=configuration,
        paper_ids=[each.pk for each in papers],
        slate=[
            {
                "paper": each.pk,
                "revision": each.revision,
                "score": 1.0,
                "slot": "match",
                "terms": [],
                "reasons": [{"text": "matches “koopman operator”", "handle": "interest:1"}],
            }
            for each in papers
        ],
        receipt={
            "considered": 64,
            "matched": 40,
            "shown": len(papers),
            "near_misses": [{"paper": each.pk, "score": 0.1} for each in near],
            "excluded": {},
            "trending_only": False,
            "missing_days": 0,
            "topics": ["Koopman operators"],
            **values.pop("receipt", {}),
        },
        published_at=NOW,
    )
    return Delivery.objects.create(
        issue=issue,
        subscriber=reader,
        domain=reader.domain,
        priority=Delivery.Priority.ISSUE,
        message_id=f"<issue-{issue.pk}@papers.example.org>",
        next_attempt_at=NOW,
    )
