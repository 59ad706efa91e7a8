"""A small library in which everything can be looked for."""

import datetime as dt

from digest import search
from digest.models import Paper, PaperTopic
from subscriptions.models import Topic

NOW = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
KOOPMAN = "Koopman learning of chaotic flows"
BRIDGES = "Schrödinger bridges for sampling"
GRAPHS = "A survey of graph neural networks"


def paper(title: str, abstract: str = "", days_ago: float = 1, **more: object) -> Paper:
    at = NOW - dt.timedelta(days=days_ago)
    return Paper.objects.create(title=title, title_source=title, abstract=abstract, announced_at=at, listed_at=at, **more)


def library() -> dict[str, Paper]:
    """Five papers, by what they are about, as search reads them."""
    papers = {
        "koopman": paper(
            KOOPMAN,
            "We learn the spectrum of an operator from data. Koopman operators make nonlinear dynamics linear.",
            authors=["Ada Lovelace", "Alan M. Turing"],
            keywords=["koopman operator"],
        ),
        "bridges": paper(
            BRIDGES, "Entropic optimal transport between two distributions.", authors=["Erwin Müller"], days_ago=40
        ),
        "graphs": paper(GRAPHS, "Message passing on graphs, reviewed.", authors=["Ada Byron", "Grace Lovelace"]),
        "control": paper("Control of flows with Koopman operators", "Nonlinear dynamics are steered by linear feedback."),
        "walking": paper("Humanoids that stroll", "Robots imitate people walking, from video demonstrations."),
    }
    topic = Topic.objects.create(
        slug="graphs", name="Learning on graphs", field="Machine learning", key_terms=["graph neural network"]
    )
    PaperTopic.objects.create(paper=papers["graphs"], topic=topic, score=0.9)
    search.refresh_all()
    return papers


def find(typed: str, page: str = "", **filters: object) -> search.Results:
    return search.find(typed, search.Filters(**filters), NOW, page)  # type: ignore[arg-type]  # filters by name


def exact(results: search.Results) -> list[str]:
    """Titles of what holds all that was asked for."""
    return [hit.paper.title for hit in results.hits if not hit.nearly]


def where(results: search.Results, title: str) -> dict[str, tuple[str, ...]]:
    """Where a paper matched, and the words there."""
    return next({match.where: match.words for match in hit.matched} for hit in results.hits if hit.paper.title == title)


def marked(pieces: tuple[search.Piece, ...]) -> list[str]:
    return [piece.text for piece in pieces if piece.marked]
