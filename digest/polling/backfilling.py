"""Days that were missed, fetched from where the source keeps its past."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from django.db import transaction

from digest import papers
from digest.models import Poll, Source
from digest.polling import days
from digest.polling.asking import Tools
from digest.sources import arxiv_oai, huggingface
from digest.sources.arxiv import NEW_YORK
from digest.sources.entries import Feed, ParseError
from digest.sources.fetch import FetchFailed

_MOST_PAGES = 2000
Progress = Callable[["Backfilled"], None]


class NoArchive(Exception):
    """The source keeps no past that we know how to read."""


@dataclass(slots=True)
class Backfilled:
    """What a backfill brought so far. `error` says why it stopped early; what was stored before stays stored."""

    source: str
    since: dt.date
    until: dt.date
    pages: int = 0
    entries: int = 0
    new: int = 0
    known: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    days_filled: int = 0
    error: str = ""


def backfill(
    source: Source, since: dt.date, until: dt.date, now: dt.datetime, tools: Tools, progress: Progress | None = None
) -> Backfilled:
    """Store what the source announced from `since` to `until` (both included) and fill the days that were missing.

    arXiv's announcements are read from its OAI-PMH interface, Hugging Face day by day. Papers that come so late count as
    announced on their day. Raises NoArchive for other sources.
    """
    done = Backfilled(source.slug, since, until)
    by_day: Counter[dt.date] = Counter()
    try:
        for feed, size in _pages(source, since, until, now, tools):
            by_day.update(entry.announced_at.astimezone(dt.UTC).date() for entry in feed.entries if entry.announced_at)
            _keep(source, feed, size, now, done)
            if progress is not None:
                progress(done)
    except (FetchFailed, ParseError) as failed:
        done.error = str(failed)
        Poll.objects.create(source=source, started_at=now, error=f"backfill: {failed}"[:500])
        return done
    if days.announces_daily(source):
        # A day still under way is not complete, whatever the archive has of it.
        over = min(until, now.astimezone(NEW_YORK).date() - dt.timedelta(days=1))
        done.days_filled = days.filled(source, since, over, by_day, now)
    return done


def _keep(source: Source, feed: Feed, size: int, now: dt.datetime, done: Backfilled) -> None:
    with transaction.atomic():
        stored = papers.store(feed.entries, source, now)
        refused = [asdict(refusal) for refusal in stored.refused]
        Poll.objects.create(
            source=source, started_at=now, size=size, entries_new=stored.new, entries_known=stored.known,
            entries_refused=refused, notes=["backfill", *stored.notes],
        )  # fmt: skip
    done.pages += 1
    done.entries += len(feed.entries)
    done.new += stored.new
    done.known += stored.known
    done.refused += refused


def _pages(source: Source, since: dt.date, until: dt.date, now: dt.datetime, tools: Tools) -> Iterator[tuple[Feed, int]]:
    if source.format == Source.Format.HUGGINGFACE:
        for offset in range((until - since).days + 1):
            yield _page(huggingface.day_url(source.url, since + dt.timedelta(days=offset)), "huggingface", now, tools)
        return
    if source.format not in {Source.Format.ARXIV, Source.Format.ARXIV_OAI}:
        raise NoArchive(f"{source.name} has no archive that can be read; arXiv's and Hugging Face's sources have one.")
    sets = arxiv_oai.sets_of(source.url) if source.format == Source.Format.ARXIV else [""]
    for set_spec in sets:
        url = arxiv_oai.first_page(set_spec, since, until)
        for _ in range(_MOST_PAGES):
            feed, size = _page(url, "arxiv-oai", now, tools)
            yield feed, size
            if not feed.resume:
                break
            url = arxiv_oai.next_page(feed.resume)


def _page(url: str, form: str, now: dt.datetime, tools: Tools) -> tuple[Feed, int]:
    fetched = tools.client.get(url, now)
    if fetched.status != 200:
        again = f"; it asks to come back in {fetched.retry_after}" if fetched.retry_after else ""
        raise FetchFailed(f"{url} answered {fetched.status}{again}", fetched.wire)
    return tools.pool.read(form, fetched.body, fetched.url), fetched.wire
