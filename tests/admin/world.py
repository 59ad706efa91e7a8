"""A small service in full swing: some of everything the admin shows, the same on every run."""

import datetime as dt
import hashlib
import random

from django.contrib.auth.models import User

from digest.models import (
    Appearance,
    Bounce,
    Delivery,
    Feedback,
    Issue,
    Paper,
    PaperIdentifier,
    PaperTopic,
    PaperVersion,
    Pick,
    Poll,
    RankingConfiguration,
    Source,
    SourceDay,
    Submission,
)
from subscriptions.models import Consent, Interest, Notice, Request, Subscriber, Subscription, Suppression, Topic
from subscriptions.suppression import mailbox_hash

SUBJECTS = (
    "Robot learning",
    "Koopman operators",
    "Protein design",
    "Graph theory",
    "Speech synthesis",
    "Quantum error correction",
)
FEEDS = ("arXiv cs.RO", "arXiv cs.LG", "Hugging Face Daily Papers", "A journal of measurement")
WORDS = (
    "Learning",
    "Stable",
    "Koopman",
    "Sparse",
    "Diffusion",
    "Policies",
    "Graphs",
    "Without",
    "Labels",
    "Control",
    "Robust",
    "Proteins",
)
REPLIES = {
    "accepted": (250, "2.0.0 Ok: queued"),
    "deferred": (451, "4.7.1 Try again later"),
    "failed": (550, "5.1.1 No such mailbox"),
    "uncertain": (None, ""),
}
REASONS = {
    "deferred": "the relay asked to wait",
    "failed": "the mailbox does not exist",
    "skipped": "nothing new this week",
    "uncertain": "the connection broke after the final dot",
}


def build(now: dt.datetime, people: int = 12, papers: int = 12) -> None:
    """Fill an empty database: `people` subscribers over the last 90 days, `papers` papers over the last 30."""
    chance = random.Random(3)
    topics = Topic.objects.bulk_create(
        Topic(slug=name.lower().replace(" ", "-"), name=name, field="Science", description=f"Papers on {name.lower()}.")
        for name in SUBJECTS
    )
    sources = _sources(now, chance)
    made = _papers(now, papers, sources, topics, chance)
    weights = RankingConfiguration.objects.create(version=1, weights={"topic": 1.0, "recency": 0.2}, note="The first weights.")
    for index in range(people):
        _person(index, now, made, topics, weights, chance)
    editor = User.objects.create_user("editor", is_staff=True)
    Pick.objects.bulk_create(Pick(paper=paper, editor=editor, note="Read the third figure first.") for paper in made[:3])
    Submission.objects.create(
        subscriber=Subscriber.objects.order_by("id")[0],
        kind="url",
        value="https://papers.example.org/brought",
        title="A paper that a reader brought",
        state="waiting",
        created_at=now,
    )
    for note in ("asked by letter", "typed a wrong address"):
        digest = hashlib.blake2b(note.encode(), digest_size=32).digest()
        Suppression.objects.create(mailbox_hash=digest, reason="operator", note=note)


def _sources(now: dt.datetime, chance: random.Random) -> list[Source]:
    sources = Source.objects.bulk_create(
        Source(
            slug=f"source-{index}",
            name=name,
            format="syndication",
            url=f"https://feeds.example.org/{index}.xml",
            created_at=now - dt.timedelta(days=60),
            next_poll_at=now + dt.timedelta(hours=index),
            failures=3 if index == len(FEEDS) - 1 else 0,
            last_success_at=now - dt.timedelta(hours=2 if index < len(FEEDS) - 1 else 74),
        )
        for index, name in enumerate(FEEDS)
    )
    polls = []
    for index, source in enumerate(sources):
        for back in range(30):
            late = index == len(sources) - 1 and back < 3
            polls.append(
                Poll(
                    source=source,
                    started_at=now - dt.timedelta(days=back, hours=1),
                    duration=dt.timedelta(milliseconds=340),
                    status=503 if late else 200,
                    size=0 if late else 48_000,
                    entries_new=0 if late or back % 7 in {5, 6} else chance.randrange(0, 60 // (index + 1)),
                    entries_known=0 if late else 20,
                    entries_refused=[{"title": "Untitled", "why": "it has no title"}] if back == 4 else [],
                    error="the server answered 503" if late else "",
                )
            )
    Poll.objects.bulk_create(polls)
    SourceDay.objects.bulk_create(
        SourceDay(source=sources[-1], day=(now - dt.timedelta(days=back)).date(), missing_since=now) for back in range(1, 3)
    )
    return list(sources)


def _papers(now: dt.datetime, number: int, sources: list[Source], topics: list[Topic], chance: random.Random) -> list[Paper]:
    papers = Paper.objects.bulk_create(
        Paper(
            title=" ".join(chance.sample(WORDS, 5)),
            abstract="We show that a plain method does well. It is measured on four sets of data.",
            title_source="as it came",
            authors=["Ada Lovelace", "Emmy Noether", "Mary Cartwright", "Sofya Kovalevskaya", "Grace Hopper"][: index % 5 + 1],
            categories=["cs.RO"],
            url=f"https://papers.example.org/abs/{index}",
            links=[{"kind": "code", "url": f"https://code.example.org/{index}"}],
            upvotes=chance.randrange(0, 300),
            announced_at=now - dt.timedelta(days=index % 30, hours=2),
            listed_at=now - dt.timedelta(days=index % 30, hours=1),
        )
        for index in range(number)
    )
    PaperIdentifier.objects.bulk_create(
        PaperIdentifier(paper=paper, kind="arxiv", value=f"2603.{index:05}") for index, paper in enumerate(papers)
    )
    PaperVersion.objects.bulk_create(
        PaperVersion(paper=paper, number=1, title_source=paper.title, announced_at=paper.announced_at) for paper in papers
    )
    PaperTopic.objects.bulk_create(PaperTopic(paper=paper, topic=chance.choice(topics), score=0.5) for paper in papers)
    Appearance.objects.bulk_create(
        Appearance(paper=paper, source=source, announced_at=paper.announced_at, first_seen_at=paper.listed_at)
        for paper in papers
        for source in sources[:2]
    )
    return list(papers)


def _person(
    index: int,
    now: dt.datetime,
    papers: list[Paper],
    topics: list[Topic],
    weights: RankingConfiguration,
    chance: random.Random,
) -> None:
    address = f"reader{index}@{chance.choice(['example.org', 'example.com', 'example.net'])}"
    joined = now - dt.timedelta(days=90) * chance.random() ** 1.5
    confirmed = index % 8 != 7
    subscriber = Subscriber.objects.create(
        address=address,
        mailbox_hash=mailbox_hash(address),
        name="" if index % 3 else "Ada Reader",
        time_zone="Europe/Paris",
        status="confirmed" if confirmed else "pending",
        created_at=joined,
        confirmed_at=joined + dt.timedelta(minutes=9) if confirmed else None,
    )
    ended = confirmed and index % 11 == 10
    subscription = Subscription.objects.create(
        subscriber=subscriber,
        next_issue_at=now + dt.timedelta(hours=3 + index % 90) if confirmed and not ended else None,
        ended_at=now - dt.timedelta(hours=index % 72) if ended else None,
        ended_because="unsubscribed by link" if ended else "",
    )
    Interest.objects.create(subscription=subscription, kind="topic", topic=topics[index % len(topics)])
    Interest.objects.create(subscription=subscription, kind="keyword", value="Koopman")
    for event in ["requested", "confirmed"] if confirmed else ["requested"]:
        Consent.objects.create(
            subscriber=subscriber,
            mailbox_hash=subscriber.mailbox_hash,
            event=event,
            method="form",
            wording="Send me a personal digest of new papers.",
            wording_version="1",
            network="192.0.2.0/24",
            at=joined,
        )
    Request.objects.create(
        kind="sign-up",
        mailbox=subscriber.mailbox_hash,
        domain=subscriber.domain,
        network="192.0.2.0/24",
        created_at=joined,
        answered_at=joined,
        outcome="mailed",
        reason="asked for the digest",
    )
    notice = Notice.objects.create(
        subscriber=subscriber, kind="confirmation", key=f"confirmation-{index}", expires_at=joined + dt.timedelta(days=7)
    )
    _delivery(subscriber, "accepted", joined, index, notice=notice)
    if confirmed:
        _issues(index, subscription, now, papers, weights, chance)


def _issues(
    index: int,
    subscription: Subscription,
    now: dt.datetime,
    papers: list[Paper],
    weights: RankingConfiguration,
    chance: random.Random,
) -> None:
    interest = subscription.interests.earliest("id")
    for number in (1, 2):
        chosen = chance.sample(papers, 3)
        due = now - dt.timedelta(days=7 * (3 - number) - 6)
        issue = Issue.objects.create(
            subscription=subscription,
            number=number,
            due_at=due,
            window_start=due - dt.timedelta(days=7),
            window_end=due,
            configuration=weights,
            paper_ids=[paper.pk for paper in chosen],
            slate=[
                {
                    "paper": paper.pk,
                    "revision": 1,
                    "score": 1.5 - place / 4,
                    "slot": "match" if place < 2 else "serendipity",
                    "terms": [
                        {"name": "topic", "value": 1.2 - place / 4, "handle": f"interest:{interest.pk}", "words": "your topic"},
                        {"name": "recency", "value": 0.3, "handle": "", "words": "new this week"},
                    ],
                    "reasons": [{"text": f"matches your topic {interest.topic}", "handle": f"interest:{interest.pk}"}],
                }
                for place, paper in enumerate(chosen)
            ],
            receipt={
                "considered": 412,
                "shown": 3,
                "near_misses": [{"paper": papers[0].pk, "score": 0.4}],
                "excluded": {"announced too long ago": 7},
                "trending_only": False,
                "missing_days": 0,
                "topics": [str(interest.topic)],
            },
            published_at=due,
        )
        state = ("accepted", "accepted", "accepted", "queued", "deferred", "accepted", "failed", "skipped", "uncertain")[
            index % 9 if number == 2 else 0
        ]
        delivery = _delivery(subscription.subscriber, state, due, index, issue=issue)
        if state == "failed":
            Bounce.objects.create(
                delivery=delivery, subscriber=subscription.subscriber, verdict="suppress", status="5.1.1", why="no such mailbox"
            )
    Feedback.objects.create(subscription=subscription, paper=chance.choice(papers), vote="more")


def _delivery(
    subscriber: Subscriber, state: str, at: dt.datetime, index: int, issue: Issue | None = None, notice: Notice | None = None
) -> Delivery:
    code, words = REPLIES.get(state, (None, ""))
    return Delivery.objects.create(
        issue=issue,
        notice=notice,
        subscriber=subscriber,
        domain=subscriber.domain,
        priority=1 if issue else 0,
        state=state,
        reason=REASONS.get(state, ""),
        message_id=f"<{'issue' if issue else 'notice'}-{issue.number if issue else 0}-{index}@papers.example.org>",
        attempts=0 if state == "queued" else 1,
        next_attempt_at=at,
        stage="dot" if state == "uncertain" else "",
        reply_code=code,
        reply=words,
        created_at=at,
        finished_at=at if state in {"accepted", "failed", "skipped"} else None,
    )
