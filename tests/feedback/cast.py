"""Ada, her digest, and papers on two subjects."""

import datetime as dt

from django.test import Client

from digest.models import Issue, Paper, PaperIdentifier, RankingConfiguration
from subscriptions import consent, sessions, tokens
from subscriptions.consent import SignUp
from subscriptions.models import Subscription, Topic

KOOPMAN = "Koopman operators lift nonlinear dynamics into linear prediction. We learn Koopman operators for control."
ROUTING = "Expert routing balances load in mixture-of-experts models. Expert routing is learned end to end."


def ada(now: dt.datetime, address: str = "ada@example.org", **more: object) -> Subscription:
    """Someone whose digest is confirmed."""
    notice = consent.subscribe(SignUp(address, time_zone="Europe/Paris", **more), now).notice  # type: ignore[arg-type]
    assert notice
    found = consent.confirm(tokens.notice_path(notice).split("/")[2], now).subscription
    assert found
    return found


def topic(slug: str = "koopman", name: str = "Koopman operators") -> Topic:
    return Topic.objects.create(slug=slug, name=name, field="Mathematics", description="Linear dynamics.")


def paper(title: str, abstract: str, now: dt.datetime, *authors: str, arxiv: str = "", **more: object) -> Paper:
    """A paper listed an hour ago."""
    at = now - dt.timedelta(hours=1)
    made = Paper.objects.create(
        title=title, abstract=abstract, title_source=title, announced_at=at, listed_at=at, authors=list(authors), **more
    )
    if arxiv:
        PaperIdentifier.objects.create(paper=made, kind="arxiv", value=arxiv)
    return made


def issue(subscription: Subscription, papers: list[Paper], at: dt.datetime, number: int | None = 1) -> Issue:
    """An issue with these papers, published at `at`."""
    weights, _ = RankingConfiguration.objects.get_or_create(version=1, defaults={"weights": {}})
    reason = {"text": "in your topic Koopman operators", "handle": "interest:1"}
    return Issue.objects.create(
        subscription=subscription,
        number=number,
        due_at=at,
        window_start=at - dt.timedelta(days=7),
        window_end=at,
        configuration=weights,
        paper_ids=[each.pk for each in papers],
        slate=[
            {"paper": each.pk, "revision": 1, "score": 1.0, "slot": "match", "terms": [], "reasons": [reason]}
            for each in papers
        ],
        receipt={"considered": 40, "matched": 12, "topics": ["Koopman operators"]},
        published_at=at,
    )


def message(subscription: Subscription) -> str:
    return tokens.message_token(subscription.pk, subscription.subscriber.token_generation)


def proof(client: Client) -> str:
    """What a form carries to show that it came from this browser's session."""
    return sessions.proof(client.cookies[sessions.COOKIE].value)


def shelf(now: dt.datetime) -> None:
    """Papers on other things, from which it is known which words are rare."""
    subjects = ("birds", "bridges", "comets", "enzymes", "glaciers", "grammar", "markets", "nerves", "proteins", "violins")
    for subject in subjects:
        for number in range(2):
            paper(f"On {subject}, part {number}", f"We study {subject} and propose a method that is learned end to end.", now)
