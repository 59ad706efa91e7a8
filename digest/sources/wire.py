"""Feeds as JSON, between the process that parses and the process that stores. A parser taken over can send nothing but data."""

import datetime as dt
import json
from operator import attrgetter
from typing import Any

from digest.sources.entries import Entry, Feed, Link

# Fields of an entry that are plain text, numbers and truth values, in the order of their transport.
_PLAIN = (
    "title", "abstract", "url", "pdf_url", "arxiv_id", "version", "doi", "journal_reference", "announcement", "upvotes",
    "stars", "submitter", "organisation", "withdrawn", "trust", "authors", "categories", "keywords",
)  # fmt: skip
_plain = attrgetter(*_PLAIN)
_LISTS = 3  # the last of them


def dumps(feed: Feed) -> bytes:
    """The feed as UTF-8 JSON; half surrogates, which JSON feeds can smuggle in, become question marks."""
    entries = [
        [
            *_plain(entry),
            entry.announced_at.isoformat() if entry.announced_at else None,
            [[link.kind, link.url] for link in entry.links],
        ]
        for entry in feed.entries
    ]
    about = [
        feed.title,
        feed.day.isoformat() if feed.day else None,
        feed.skip_days,
        feed.skip_hours,
        feed.resume,
        feed.flaw,
        feed.whole,
    ]
    return json.dumps([about, entries], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def loads(octets: bytes) -> Feed:
    """The feed that `dumps` wrote. Raises ValueError for anything else."""
    try:
        about, entries = json.loads(octets)
        title, day, skip_days, skip_hours, resume, flaw, whole = about
        return Feed(
            tuple(map(_entry, entries)),
            title,
            dt.date.fromisoformat(day) if day else None,
            tuple(skip_days),
            tuple(skip_hours),
            resume,
            flaw,
            whole,
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"these octets are no feed: {error}") from error


def _entry(row: list[Any]) -> Entry:
    *plain, instant, links = row
    fields = dict(zip(_PLAIN, plain, strict=True))
    for name in _PLAIN[-_LISTS:]:
        fields[name] = tuple(fields[name])
    return Entry(
        **fields,
        announced_at=dt.datetime.fromisoformat(instant) if instant else None,
        links=tuple(Link(kind, url) for kind, url in links),
    )
