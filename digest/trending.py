"""The site's lists of papers: of a stretch of days, in one of three orders, by the formula that messages use too
(`ranking.trending`).

A list is ordered as of an instant: now, or the end of a stretch that is over, so that the page of a past day stays as it was.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from django.db.models import Count, QuerySet, Sum

from digest import weights
from digest.models import Appearance, Paper, PaperTopic, Pick, Upvote
from digest.ranking.trending import trending_score
from subscriptions.models import Topic

Order = Literal["trending", "newest", "upvoted"]
ORDERS: Mapping[Order, str] = {"trending": "Trending", "newest": "Newest", "upvoted": "Most upvoted"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Papers announced in [start, end), ranked as of `at`."""

    start: dt.datetime
    end: dt.datetime
    at: dt.datetime

    def papers(self, topic: Topic | None = None) -> QuerySet[Paper]:
        """Those that stand, of one topic or of all: neither merged into another nor withdrawn."""
        found = standing().filter(announced_at__gte=self.start, announced_at__lt=self.end)
        return found.filter(paper_topics__topic=topic) if topic else found


class Noticed(NamedTuple):
    """What the formula looks at; `announced_at` in epoch seconds."""

    id: int
    upvotes: int
    votes: float
    stars: int
    appearances: int
    picked: bool
    announced_at: float


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list: `first` is the place of its first paper, `total` counts all of the list; both count from 1."""

    papers: Sequence[Paper]
    total: int
    first: int
    pages: int


def standing() -> QuerySet[Paper]:
    """Every paper but merged and withdrawn ones."""
    return Paper.objects.filter(merged_into=None, withdrawn_at=None)


def last_days(days: int, now: dt.datetime) -> Stretch:
    """The `days` days before `now`."""
    return Stretch(now - dt.timedelta(days=days), now + dt.timedelta(microseconds=1), now)


def latest(now: dt.datetime, topic: Topic | None = None) -> dt.datetime | None:
    """When the newest paper was announced, by `now`; None when there is none."""
    found = standing().filter(announced_at__lte=now)
    if topic:
        found = found.filter(paper_topics__topic=topic)
    return found.order_by("-announced_at").values_list("announced_at", flat=True).first()


def ordered(found: QuerySet[Paper], order: Order, at: dt.datetime) -> list[int]:
    """The ids of the papers found, the first to be shown first; equals by announcement, the newest first."""
    rows = noticed(found)
    if order == "newest":
        rows.sort(key=lambda row: (-row.announced_at, -row.id))
    elif order == "upvoted":
        rows.sort(key=lambda row: (-(row.upvotes + row.votes), -row.announced_at, -row.id))
    else:
        in_force, instant = weights.in_force(), at.timestamp()
        rows.sort(key=lambda row: (-trending_score(row, in_force, instant), -row.announced_at, -row.id))
    return [row.id for row in rows]


def noticed(found: QuerySet[Paper]) -> list[Noticed]:
    """What was noticed of each of the papers found, in no order. One query for each kind of sign."""
    within = found.order_by().values("pk")
    places = dict(
        Appearance.objects.filter(paper__in=within)
        .values_list("paper_id")
        .annotate(places=Count("pk"))
        .filter(places__gt=1)
        .order_by()
    )
    votes = dict(Upvote.objects.filter(paper__in=within).values_list("paper_id").annotate(weight_=Sum("weight")).order_by())
    picked = set(Pick.objects.filter(paper__in=within).values_list("paper_id", flat=True))
    return [
        Noticed(pk, upvotes, votes.get(pk, 0.0), stars, places.get(pk, 1), pk in picked, announced_at.timestamp())
        for pk, upvotes, stars, announced_at in found.order_by().values_list("pk", "upvotes", "stars", "announced_at")
    ]


def listing(stretch: Stretch, order: Order, topic: Topic | None, page: int, size: int) -> Listing:
    """A page of `size` papers; `papers` is empty beyond the last page."""
    ids = ordered(stretch.papers(topic), order, stretch.at)
    return Listing(cards(ids[(page - 1) * size : page * size]), len(ids), (page - 1) * size + 1, max(1, -(-len(ids) // size)))


def cards(ids: Sequence[int]) -> list[Paper]:
    """Papers by id, in this order, with all that a list shows of them."""
    rows = for_cards(Paper.objects.all()).in_bulk(ids)
    return [rows[each] for each in ids if each in rows]


def for_cards(found: QuerySet[Paper]) -> QuerySet[Paper]:
    """With topics, picks, and `readers`, the number of votes that readers cast here."""
    return found.annotate(readers=Count("votes")).prefetch_related("topics", "picks__editor")


def readers(card: Paper) -> int:
    """How many votes readers cast here on a paper from `for_cards`."""
    return int(getattr(card, "readers", 0))


def frequent_topics(stretch: Stretch, limit: int) -> list[tuple[Topic, int]]:
    """The topics that most of the stretch's papers have, with how many."""
    counted = (
        PaperTopic.objects.filter(paper__in=stretch.papers().order_by().values("pk"))
        .values_list("topic_id")
        .annotate(papers=Count("pk"))
        .order_by("-papers", "topic_id")[:limit]
    )
    counts = dict(counted)
    topics = Topic.objects.in_bulk(list(counts))
    return [(topics[pk], count) for pk, count in counts.items()]
