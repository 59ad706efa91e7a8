"""The papers that an issue may choose from."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db.models import Count, Exists, FloatField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from digest import ranking
from digest.models import Paper, PaperTopic, Pick, Upvote

# What was announced longer ago than this before the window is no news, even if it became known here only now.
OLDEST = dt.timedelta(days=14)
# What the votes cast here on a paper weigh together.
_weights = (
    Upvote.objects.filter(paper=OuterRef("pk")).order_by().values("paper").annotate(weight_=Sum("weight")).values("weight_")
)


class Candidates(NamedTuple):
    """`papers` in the order they were listed; `excluded` counts what was left out: reason -> number."""

    papers: list[ranking.Paper]
    excluded: Mapping[str, int]


def candidates(window_start: dt.datetime, window_end: dt.datetime) -> Candidates:
    """What became selectable in [window_start, window_end), without withdrawn and merged papers and without old ones."""
    listed = Paper.objects.filter(listed_at__gte=window_start, listed_at__lt=window_end, merged_into=None)
    withdrawn = listed.exclude(withdrawn_at=None).count()
    old = listed.filter(withdrawn_at=None, announced_at__lt=window_start - OLDEST).count()
    return Candidates(eligible(window_start, window_end), {"withdrawn": withdrawn, "announced long before": old})


def eligible(window_start: dt.datetime, window_end: dt.datetime) -> list[ranking.Paper]:
    """The papers of `candidates` alone, in two queries."""
    listed = Paper.objects.filter(listed_at__gte=window_start, listed_at__lt=window_end, merged_into=None, withdrawn_at=None)
    return as_ranked(listed.filter(announced_at__gte=window_start - OLDEST).values_list("id", flat=True))


def as_ranked(papers: Iterable[int]) -> list[ranking.Paper]:
    """Papers by id as the ranking takes them, in the order they were listed; ids nobody bears are left out."""
    found = (
        Paper.objects.filter(id__in=papers)
        .annotate(
            places=Count("appearances"),
            picked=Exists(Pick.objects.filter(paper=OuterRef("pk"))),
            cast=Coalesce(Subquery(_weights), 0.0, output_field=FloatField()),
        )
        .order_by("listed_at", "id")
        .values_list(
            "id", "revision", "title", "abstract", "authors", "categories", "keywords", "upvotes", "cast", "stars", "places",
            "picked", "announced_at", "listed_at",
        )
    )  # fmt: skip
    topics: dict[int, dict[str, float]] = defaultdict(dict)
    for paper, slug, score in PaperTopic.objects.filter(paper__in=papers).values_list("paper_id", "topic__slug", "score"):
        topics[paper][slug] = score
    return [
        ranking.Paper(
            id=pk, revision=revision, title=title, abstract=abstract, authors=tuple(authors), categories=tuple(categories),
            keywords=tuple(keywords), topics=topics[pk], upvotes=upvotes, votes=cast, stars=stars, appearances=places,
            picked=picked, announced_at=announced_at.timestamp(), listed_at=listed_at.timestamp(),
        )
        for (
            pk, revision, title, abstract, authors, categories, keywords, upvotes, cast, stars, places, picked,
            announced_at, listed_at,
        ) in found
    ]  # fmt: skip


def successors(papers: Iterable[int]) -> dict[int, int]:
    """Where merged papers went: id -> the paper that stands for it now; papers that stand for themselves are left out.

    Histories keep the ids of their day, so "never a paper twice" must ask for these too.
    """
    merged = Paper.objects.filter(id__in=list(papers)).exclude(merged_into=None)
    return dict(merged.values_list("id", "merged_into_id"))
