"""One source asked once."""

import datetime as dt
import functools
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import redis
from django.conf import settings
from django.db import transaction

from digest import papers, text
from digest.models import Poll, Source
from digest.polling import days, deciding
from digest.polling.deciding import Habits
from digest.sources.entries import Feed, ParseError
from digest.sources.fetch import Client, Fetched, FetchFailed
from digest.sources.politeness import Busy, Politeness
from digest.sources.pool import Pool

log = logging.getLogger(__name__)

_GONE = 410
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class Polled:
    """What asking a source brought; the same is kept as a Poll. `error` is empty when it went well.

    `asked` is false when its host's turn did not come: then nothing is kept, and the source stays due.
    """

    source: str
    status: int | None = None
    size: int = 0
    seconds: float = 0.0
    entries: int = 0
    new: int = 0
    known: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Tools:
    """What a poll works with; tests bring their own. `clock` measures durations only, in seconds."""

    client: Client
    pool: Pool
    clock: Callable[[], float] = time.monotonic

    @classmethod
    @functools.cache
    def shared(cls) -> "Tools":
        """This process's own, made from the settings when first needed."""
        server = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)
        return cls(Client(f"{settings.SITE_URL}; {settings.CONTACT}", turn=Politeness(server).turn), Pool())


def poll(source: Source, now: dt.datetime, tools: Tools) -> Polled:
    """Ask the source, store what is new, keep a Poll, and decide when to ask again.

    Never raises for what the source or the network does; raises redis.RedisError when turns cannot be kept.
    """
    begun = tools.clock()
    fetched: Fetched | None = None
    error, size = "", 0
    try:
        fetched = tools.client.get(source.url, now, etag=source.etag, last_modified=source.last_modified)
        size = fetched.wire
    except Busy as busy:
        return Polled(source.slug, error=str(busy), asked=False)
    except FetchFailed as failed:
        error, size = str(failed), failed.wire
    feed: Feed | None = None
    if fetched is not None:
        error = _refusal(fetched)
        if not error and fetched.status != _UNCHANGED:
            try:
                feed = tools.pool.read(source.format, fetched.body, fetched.url)
            except ParseError as failed:
                error = str(failed)
    with transaction.atomic():
        polled = _told(source, now, fetched, feed, error)
        polled = replace(polled, size=size, seconds=round(tools.clock() - begun, 3))
        Poll.objects.create(
            source=source,
            started_at=now,
            duration=dt.timedelta(seconds=polled.seconds),
            status=polled.status,
            size=size,
            entries_new=polled.new,
            entries_known=polled.known,
            entries_refused=polled.refused,
            notes=polled.notes,
            error=error[:500],
        )
    log.info("polled %s: %s", source.slug, error or f"{polled.new} new, {polled.known} known, {len(polled.refused)} refused")
    return polled


def _refusal(fetched: Fetched) -> str:
    """Why the answer brings nothing, or nothing when it may."""
    if fetched.status in {200, _UNCHANGED}:
        return ""
    if fetched.status == _GONE:
        return "410: the source is gone for good"
    asked = f"; it asks to come back in {fetched.retry_after}" if fetched.retry_after else ""
    return f"it answered {fetched.status}{asked}"


def _told(source: Source, now: dt.datetime, fetched: Fetched | None, feed: Feed | None, error: str) -> Polled:
    """Write what was learned of the source, and store its entries."""
    # The row is read anew: an operator may have edited it meanwhile, and only what was learned here is written.
    current = Source.objects.select_for_update().get(pk=source.pk)
    notes: list[str] = []
    stored = papers.Stored()
    if feed is not None:
        stored = papers.store(feed.entries, current, now)
        notes += stored.notes
        days.arrived(current, feed, now, by="poll")
        notes += _learned(current, feed)
        notes += [feed.flaw] if feed.flaw else []
    if fetched is not None and fetched.moved_to and not error and fetched.moved_to != current.url:
        if Source.objects.filter(url=fetched.moved_to).exclude(pk=current.pk).exists():
            notes.append(f"it moved for good to {fetched.moved_to}, which is a source already: one of the two is not needed")
        elif len(fetched.moved_to) <= 500:
            notes.append(f"it moved for good from {current.url} to {fetched.moved_to}; the new address is adopted")
            current.url = fetched.moved_to
    habits = Habits(current.slug, current.interval, current.pace, current.skip_days, current.skip_hours)
    retry_after = fetched.retry_after if fetched else None
    if error:
        current.failures += 1
        decided = deciding.after_failure(habits, now, current.failures, retry_after)
        if fetched is not None and fetched.status == _GONE:
            current.active, current.stopped_because = False, f"410 on {now:%Y-%m-%d}: gone for good"
            notes.append("it is stopped; activate it again if it comes back")
    else:
        if current.failures:
            notes.append(f"it answers again after {current.failures} failed polls")
        current.failures, current.last_success_at = 0, now
        decided = deciding.after_answer(habits, now, stored.new, retry_after)
        if fetched is not None and feed is not None:
            # Only what was read, to its end, may be skipped next time.
            kept = (fetched.etag, fetched.last_modified) if feed.whole else ("", "")
            current.etag, current.last_modified = kept
    current.next_poll_at, current.pace = decided.at, decided.pace
    current.save()
    return Polled(
        source=current.slug,
        status=fetched.status if fetched else None,
        entries=len(feed.entries) if feed else 0,
        new=stored.new,
        known=stored.known,
        refused=[asdict(refusal) for refusal in stored.refused],
        notes=notes,
        error=error,
    )


def _learned(source: Source, feed: Feed) -> list[str]:
    """Keep what the feed says of itself; returns what an operator should know of it."""
    notes = []
    title = text.clean(feed.title)[:300]
    if title and source.feed_title and title != source.feed_title:
        notes.append(f"it calls itself {title!r} now; before it was {source.feed_title!r}")
    source.feed_title = title or source.feed_title
    source.skip_days, source.skip_hours = list(feed.skip_days), list(feed.skip_hours)
    return notes
