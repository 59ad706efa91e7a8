"""Files that somebody handed in, each stored whole or not at all."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from digest.models import Poll, Source
from digest.papers.storing import Stored, store
from digest.sources.entries import Entry

_NAMES = {
    "page": "Saved Daily Papers pages",
    "rss": "RSS files",
    "atom": "Atom files",
    "json": "JSON feed files",
    "huggingface": "Hugging Face answers",
    "oai": "OAI-PMH files",
}


def source_for(form: str) -> Source:
    """The source under which files of this format are kept; it is never polled."""
    kind = Source.Format.PAGE if form == "page" else Source.Format.SYNDICATION
    source, _ = Source.objects.get_or_create(
        slug=f"{form}-files", defaults={"name": _NAMES.get(form, f"{form} files"), "format": kind, "active": False}
    )
    return source


def hand_in(
    entries: Sequence[Entry],
    form: str,
    size: int,
    now: dt.datetime,
    date: dt.date | None = None,
    source: Source | None = None,
    flaw: str = "",
) -> Stored:
    """Store a file's entries and keep a Poll of it; with `date` they count as announced on that day (00:00 UTC).

    `flaw` is what was wrong with the file; it is kept as a note.
    """
    if date is not None:
        day = dt.datetime.combine(date, dt.time(), dt.UTC)
        entries = [replace(entry, announced_at=day) for entry in entries]
    with transaction.atomic():
        source = source or source_for(form)
        stored = store(entries, source, now)
        stored.notes += [flaw] if flaw else []
        Poll.objects.create(
            source=source,
            started_at=now,
            size=size,
            entries_new=stored.new,
            entries_known=stored.known,
            entries_refused=[{"title": refusal.title, "why": refusal.why} for refusal in stored.refused],
            notes=stored.notes,
        )
    return stored
