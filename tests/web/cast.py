"""A small site: topics and papers over some days of March 2026, one of them in two versions, one picked."""

import datetime as dt

from django.contrib.auth.models import User

from digest import search
from digest.models import Appearance, Paper, PaperIdentifier, PaperTopic, PaperVersion, Pick, Source
from subscriptions.models import Topic

FRIDAY = dt.datetime(2026, 3, 13, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def topic(slug: str = "koopman", name: str = "Koopman operators", field: str = "Mathematics") -> Topic:
    made, _ = Topic.objects.get_or_create(
        slug=slug, defaults={"name": name, "field": field, "description": f"All about {name}.", "categories": ["math.DS"]}
    )
    return made


def paper(title: str, *topics: Topic, announced_at: dt.datetime = FRIDAY, **fields: object) -> Paper:
    """A paper announced on Friday 13 March 2026 unless told otherwise."""
    given = {"title_source": title, "abstract": f"On {title.lower()}.", "listed_at": announced_at, **fields}
    made = Paper.objects.create(title=title, announced_at=announced_at, **given)
    PaperTopic.objects.bulk_create(PaperTopic(paper=made, topic=each, score=0.9) for each in topics)
    return made


def on_arxiv(made: Paper, arxiv_id: str) -> Paper:
    """The same paper, known under an arXiv identifier."""
    PaperIdentifier.objects.create(paper=made, kind="arxiv", value=arxiv_id)
    return made


def seen(made: Paper, slug: str = "arxiv", **fields: object) -> Appearance:
    """The paper in a source."""
    source, _ = Source.objects.get_or_create(
        slug=slug, defaults={"name": slug, "format": "arxiv", "homepage": "https://source.example.org/"}
    )
    at = made.announced_at
    return Appearance.objects.create(paper=made, source=source, announced_at=at, first_seen_at=at, **fields)


def versions(made: Paper, *abstracts: str) -> None:
    """The paper's versions, a day apart."""
    for number, abstract in enumerate(abstracts, start=1):
        PaperVersion.objects.create(
            paper=made,
            number=number,
            title_source=made.title_source,
            abstract_source=abstract,
            announced_at=made.announced_at + (number - 1) * DAY,
        )


def pick(made: Paper, note: str = "Read the appendix.", name: str = "mira") -> Pick:
    """An editor's choice."""
    editor, _ = User.objects.get_or_create(username=name, defaults={"first_name": "Mira", "last_name": "Koch"})
    return Pick.objects.create(paper=made, editor=editor, note=note)


def site() -> Paper:
    """Some of everything; returns the paper that has the most to show."""
    koopman, robots = topic(), topic("robotics", "Robotics", "Engineering")
    whole = paper(
        "Koopman <learning> & chaotic flows",
        koopman,
        robots,
        authors=["Ada Lovelace", "Alan M. Turing", "Grace Hopper", "Emmy Noether"],
        abstract="We learn λ₁ of a flow. It works.",
        abstract_source=r"We learn $\lambda_1$ of a flow. It works.",
        categories=["math.DS", "cs.LG"],
        upvotes=12,
        stars=100,
        url="https://arxiv.org/abs/2603.01234",
        pdf_url="https://arxiv.org/pdf/2603.01234",
        links=[{"kind": "code", "url": "https://code.example.org/flows"}],
    )
    on_arxiv(whole, "2603.01234")
    seen(whole, url="https://arxiv.org/abs/2603.01234")
    versions(whole, r"We learn $\lambda_1$ of a map. It works.", r"We learn $\lambda_1$ of a flow. It works.")
    pick(whole)
    paper("Soft robots", robots, upvotes=3)
    paper("Older robots", robots, announced_at=FRIDAY - 3 * DAY, upvotes=40)
    paper("Quiet koopman learning", koopman, announced_at=FRIDAY - 30 * DAY)
    search.refresh_all()
    return whole
