"""The papers that the site's first page shows, by the formula that messages use too (`ranking.trending`)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F

from digest import papers, ranking
from digest.models import Paper, RankingConfiguration
from digest.ranking.trending import trending_score

_DAY = dt.timedelta(days=1)
# The formula looks at so many, those with the most upvotes, stars and places first; what nobody noticed scores nothing anyway.
_LOOKED_AT = 200


@dataclass(frozen=True)
class Trending:
    """Papers of the `days` days before `until`; of the latest day there was (`latest`) when those days are empty.

    `listed` counts all that were listed then.
    """

    papers: Sequence[Paper]
    listed: int
    days: int
    until: dt.datetime
    latest: bool


def trending(now: dt.datetime, days: int, limit: int) -> Trending:
    """What trends at `now` among the papers listed within the last `days`, the strongest first, then the newest."""
    listed, shown = _ranked(now - days * _DAY, now, now, limit)
    if shown:
        return Trending(shown, listed, days, now, latest=False)
    last = Paper.objects.filter(merged_into=None, withdrawn_at=None, listed_at__lte=now).order_by("-listed_at").first()
    until = last.listed_at if last else now
    listed, shown = _ranked(until - _DAY, until, now, limit)
    return Trending(shown, listed, 1, until, latest=True)


def _ranked(start: dt.datetime, end: dt.datetime, now: dt.datetime, limit: int) -> tuple[int, list[Paper]]:
    listed = Paper.objects.filter(merged_into=None, withdrawn_at=None, listed_at__gt=start, listed_at__lte=end)
    found = (
        listed.annotate(signs=F("upvotes") + F("stars") + Count("appearances"))
        .order_by("-signs", "-announced_at", "-id")
        .values_list("pk", flat=True)[:_LOOKED_AT]
    )
    weights, instant = _weights(), now.timestamp()
    scored = sorted(
        papers.as_ranked(list(found)),
        key=lambda paper: (-trending_score(paper, weights, instant), -paper.announced_at, -paper.id),
    )
    ids = [paper.id for paper in scored[:limit]]
    rows = Paper.objects.prefetch_related("topics").in_bulk(ids)
    return listed.count(), [rows[each] for each in ids]


def _weights() -> ranking.Configuration:
    row = RankingConfiguration.objects.order_by("-version").first()
    # A page may be looked at before anything was published, or between an upgrade and the first run after it: the defaults that
    # will be in force serve, and looking writes nothing.
    if row is None or row.weights.get("defaults") != ranking.DEFAULTS:
        return ranking.Configuration()
    return ranking.Configuration.from_json({**row.weights, "version": row.version})
