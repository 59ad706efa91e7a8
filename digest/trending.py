"""The papers that the site's first page shows."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from digest.models import Paper

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Trending:
    """`papers`, the most upvoted first, of the `days` days before `until`; of the latest day there was when those are empty."""

    papers: Sequence[Paper]
    days: int
    until: dt.datetime
    latest: bool


def trending(now: dt.datetime, days: int, limit: int) -> Trending:
    """Papers listed within the last days, by upvotes, then by the number of sources that carry them, then the newest first."""
    papers = (
        Paper.objects.filter(merged_into=None, withdrawn_at=None, listed_at__lte=now)
        .annotate(seen=Count("appearances"))
        .order_by("-upvotes", "-seen", "-announced_at", "id")
        .prefetch_related("topics")
    )
    found = list(papers.filter(listed_at__gt=now - days * _DAY)[:limit])
    if found:
        return Trending(found, days, now, latest=False)
    last = papers.order_by("-listed_at").first()
    until = last.listed_at if last else now
    return Trending(list(papers.filter(listed_at__gt=until - _DAY)[:limit]), 1, until, latest=True)
