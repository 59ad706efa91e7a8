"""Announcement days: which came, which are missing, and what filled them.

arXiv announces on every working day in New York, and its feed holds one day only: a day that was not fetched while it stood is
gone from the feed, and has to come from the archive.
"""

import datetime as dt
from collections import Counter

from django.db.models import Q

from digest.models import Source, SourceDay
from digest.sources.arxiv import NEW_YORK
from digest.sources.entries import Feed

_LOOK_BACK = 14
_WEEKEND = 5
# A day's announcement is built at its beginning, and replaced a day later; it is given the rest of that day to be fetched.
_GRACE = dt.timedelta(hours=3)


def announces_daily(source: Source) -> bool:
    """Whether the source should have something to say, if only that there is nothing, on each working day."""
    return source.format == Source.Format.ARXIV


def arrived(source: Source, feed: Feed, now: dt.datetime, *, by: str) -> None:
    """Note the day that a feed was for; an empty one (a weekend, a holiday) came, too."""
    if announces_daily(source) and feed.day is not None and feed.day <= now.astimezone(NEW_YORK).date():
        _came(source, feed.day, len(feed.entries), now, by)


def filled(source: Source, since: dt.date, until: dt.date, feed_days: Counter[dt.date], now: dt.datetime) -> int:
    """Note that the archive was read for every day from `since` to `until`; returns how many of them had been missing."""
    missing = set(
        SourceDay.objects.filter(source=source, day__range=(since, until), filled_at=None)
        .exclude(missing_since=None)
        .values_list("day", flat=True)
    )
    for offset in range((until - since).days + 1):
        day = since + dt.timedelta(days=offset)
        if day in missing or feed_days[day]:
            _came(source, day, feed_days[day], now, "backfill")
    return len(missing)


def _came(source: Source, day: dt.date, entries: int, now: dt.datetime, by: str) -> None:
    known, created = SourceDay.objects.get_or_create(
        source=source, day=day, defaults={"entries": entries, "filled_at": now, "filled_by": by}
    )
    if not created:
        known.entries = max(known.entries, entries)
        if known.filled_at is None:
            known.filled_at, known.filled_by = now, by
        known.save(update_fields=["entries", "filled_at", "filled_by"])


def mark_missing(now: dt.datetime) -> int:
    """Note working days that are over and did not come, since each source first did; returns how many are newly missing."""
    last = (now - _GRACE).astimezone(NEW_YORK).date() - dt.timedelta(days=1)
    noticed = 0
    for source in Source.objects.filter(Q(active=True), format=Source.Format.ARXIV):
        known = set(source.days.values_list("day", flat=True))
        first = min(known, default=None)
        if first is None:
            continue
        for back in range(_LOOK_BACK):
            day = last - dt.timedelta(days=back)
            if first < day and day.weekday() < _WEEKEND and day not in known:
                _, created = SourceDay.objects.get_or_create(source=source, day=day, defaults={"missing_since": now})
                noticed += created
    return noticed


def missing(source: Source) -> list[dt.date]:
    """The days that are missing now, the earliest first."""
    found = source.days.filter(filled_at=None).exclude(missing_since=None).order_by("day")
    return list(found.values_list("day", flat=True))
