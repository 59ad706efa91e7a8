"""arXiv's daily announcements as RSS and Atom (https://info.arxiv.org/help/rss.html)."""

import datetime as dt
import re
import zoneinfo
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import Element

from digest.sources import arxiv_ids, authors, skipping, xml
from digest.sources.entries import Announcement, Entry, Feed, ParseError
from digest.sources.links import links_in

# Announcement days are days in New York.
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")

_ARXIV = "{http://arxiv.org/schemas/atom}"
_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PREFIX = re.compile(
    r"\s*arXiv:\S+?(?:v(?P<version>\d+))?\s+Announce Type:\s*(?P<type>[a-z-]+)\s*(?:Abstract:\s*)?|\s*Abstract:\s+",
    re.IGNORECASE,
)
_TYPES: dict[str, Announcement] = {"new": "new", "cross": "cross", "replace": "replace", "replace-cross": "replace-cross"}
_WITHDRAWN = re.compile(
    r"\s*(?:This (?:paper|article|submission|manuscript|work) has been withdrawn|Withdrawn\b)", re.IGNORECASE
)


def parse(body: bytes, url: str = "") -> list[Entry]:
    """One announcement day; a weekend's empty channel gives no entries. Raises ParseError as `read` does."""
    return list(read(body, url).entries)


def read(body: bytes, url: str = "") -> Feed:
    """One announcement day with what the channel says of itself.

    Raises ParseError for what is not such a feed, and for arXiv's own error feeds.
    """
    root = xml.root(body)
    if root.tag == "rss":
        channel = root.find("channel")
        if channel is None:
            raise ParseError("it is RSS without a channel")
        title = _said(channel, "title")
        _refuse_error(title, _said(channel, "description"))
        published = _rfc822(_said(channel, "pubDate"))
        return Feed(
            entries=tuple(_item(item, published) for item in channel.iterfind("item")),
            title=title,
            day=published.astimezone(NEW_YORK).date() if published else None,
            skip_days=skipping.days(day.text for day in channel.iterfind("skipDays/day")),
            skip_hours=skipping.hours(hour.text for hour in channel.iterfind("skipHours/hour")),
        )
    if root.tag == f"{_ATOM}feed":
        title = _said(root, f"{_ATOM}title")
        _refuse_error(title, _said(root, f"{_ATOM}subtitle"))
        entries = tuple(_atom(entry) for entry in root.iterfind(f"{_ATOM}entry"))
        # An empty Atom feed says only when it was built, which is shortly after midnight of its day in New York.
        announced = max(
            (entry.announced_at for entry in entries if entry.announced_at), default=_iso(_said(root, f"{_ATOM}updated"))
        )
        return Feed(entries, title, announced.astimezone(NEW_YORK).date() if announced else None)
    raise ParseError(f"it is XML, but neither RSS nor Atom: its root is <{root.tag.rpartition('}')[2][:40]}>")


def is_withdrawn(abstract: str, comment: str = "") -> bool:
    """Whether arXiv's words say that the paper was taken back: its abstract begins so, or its comment."""
    return bool(_WITHDRAWN.match(abstract) or _WITHDRAWN.match(comment))


def _refuse_error(title: str, detail: str) -> None:
    if title.lower().startswith("feed error"):
        raise ParseError(f"arXiv answered with an error: {' '.join((detail or title).split())[:200]}")


def _said(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _rfc822(text: str) -> dt.datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _iso(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _item(item: Element, day: dt.datetime | None) -> Entry:
    return _built(
        item,
        title=_said(item, "title"),
        described=_said(item, "description"),
        link=_said(item, "link"),
        guid=_said(item, "guid"),
        announced_at=_rfc822(_said(item, "pubDate")) or day,
        categories=[(category.text or "").strip() for category in item.iterfind("category")],
    )


def _atom(entry: Element) -> Entry:
    link = next((link.get("href", "") for link in entry.iterfind(f"{_ATOM}link") if link.get("rel") in {None, "alternate"}), "")
    return _built(
        entry,
        title=_said(entry, f"{_ATOM}title"),
        described=_said(entry, f"{_ATOM}summary"),
        link=link,
        guid=_said(entry, f"{_ATOM}id"),
        # `updated` is when the feed was built; `published` is the announcement.
        announced_at=_iso(_said(entry, f"{_ATOM}published")),
        categories=[category.get("term", "") for category in entry.iterfind(f"{_ATOM}category")],
    )


def _built(
    element: Element,
    *,
    title: str,
    described: str,
    link: str,
    guid: str,
    announced_at: dt.datetime | None,
    categories: list[str],
) -> Entry:
    prefix = _PREFIX.match(described)
    abstract = described[prefix.end() :].strip() if prefix else described
    named = arxiv_ids.split(guid) or arxiv_ids.split(link.rpartition("/abs/")[2])
    said = _said(element, f"{_ARXIV}announce_type") or (prefix["type"] if prefix and prefix["type"] else "")
    version = named[1] if named else None
    if version is None and prefix and prefix["version"]:
        version = int(prefix["version"])
    identifier = named[0] if named else ""
    return Entry(
        title=title,
        abstract=abstract,
        authors=authors.split(_said(element, f"{_DC}creator")),
        announced_at=announced_at,
        url=link,
        pdf_url=f"https://arxiv.org/pdf/{identifier}" if identifier else "",
        links=links_in(abstract),
        arxiv_id=identifier,
        version=version or None,
        doi=_said(element, f"{_ARXIV}DOI"),
        journal_reference=_said(element, f"{_ARXIV}journal_reference"),
        categories=tuple(dict.fromkeys(filter(None, categories))),
        announcement=_TYPES.get(said.lower(), ""),
        withdrawn=is_withdrawn(abstract),
        trust=3,
    )
