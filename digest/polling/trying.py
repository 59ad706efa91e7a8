"""What a source would bring, before there is one: asked once, read, stored, and taken back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from django.db import transaction

from digest import papers
from digest.models import Paper, Source
from digest.polling.asking import Tools
from digest.sources.entries import ParseError
from digest.sources.fetch import FetchFailed
from digest.sources.politeness import Busy

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """`error` says why nothing came. `titles`: the first of what would be new; `refused`: objects {title, why}."""

    error: str = ""
    feed_title: str = ""
    entries: int = 0
    new: int = 0
    known: int = 0
    titles: tuple[str, ...] = ()
    refused: Sequence[dict[str, str]] = field(default_factory=list)
    notes: Sequence[str] = field(default_factory=list)


def dry_run(form: str, url: str, now: dt.datetime, tools: Tools) -> Tried:
    """Ask an address as a source of this format would be asked; nothing of it stays in the database.

    What would be stored is found by storing it in a transaction that is undone, so it is what a first poll would do.
    """
    try:
        fetched = tools.client.get(url, now)
        if fetched.status != 200:
            return Tried(error=f"it answered {fetched.status}")
        feed = tools.pool.read(form, fetched.body, fetched.url)
    except (FetchFailed, ParseError, Busy) as failed:
        return Tried(error=str(failed))
    with transaction.atomic():
        source = Source.objects.create(slug=f"dry-run-{now.timestamp():.6f}".replace(".", "-"), name="Dry run", format=form)
        stored = papers.store(feed.entries, source, now)
        titles = Paper.objects.filter(pk__in=list(stored.papers)[:SHOWN]).order_by("pk").values_list("title", flat=True)
        tried = Tried(
            feed_title=feed.title, entries=len(feed.entries), new=stored.new, known=stored.known, titles=tuple(titles),
            refused=[asdict(refusal) for refusal in stored.refused], notes=[*stored.notes, *([feed.flaw] if feed.flaw else [])],
        )  # fmt: skip
        transaction.set_rollback(True)
    return tried
