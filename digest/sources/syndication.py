"""Any RSS, Atom, RDF or JSON feed, by feedparser, from octets that somebody else fetched."""

import calendar
import datetime as dt
import io
import json
import re
import time
import warnings
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any
from xml.sax import SAXException, SAXParseException

import feedparser

from digest.sources import arxiv_ids, authors, plain, skipping
from digest.sources.entries import Entry, Feed, ParseError
from digest.sources.links import absolute, links_in

MOST_ENTRIES = 5000
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s\"<>]+)")
_SKIP_DAY = re.compile(rb"<day>\s*(\w{6,9})\s*</day>", re.IGNORECASE)
_SKIP_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
# How expat says that the document ended where it should not (https://github.com/libexpat/libexpat, xmlparse.c).
_BREAKS_OFF = ("no element found", "unclosed token", "unclosed CDATA section", "partial character")
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)", re.IGNORECASE | re.DOTALL)


def parse(body: bytes, url: str = "") -> list[Entry]:
    """The feed's entries in its order; a valid feed without entries gives none. Raises ParseError as `read` does."""
    return list(read(body, url).entries)


def read(body: bytes, url: str = "") -> Feed:
    """The feed's entries in its order, with what it says of itself. Raises ParseError when there is no feed in the octets."""
    found = feed_of(body, url)
    flaw, whole = _flaw(found)
    if flaw and not found.entries and isinstance(found.get("bozo_exception"), SAXException):
        # A feed may be empty, but not because what is in it cannot be read.
        raise ParseError(flaw)
    # feedparser keeps only the last of several skipDays, so they are looked for in the octets.
    return Feed(
        entries=tuple(_entry(item) for item in found.entries[:MOST_ENTRIES]),
        title=_text(found.feed.get("title")).strip()[:300],
        skip_days=skipping.days(match.decode("ascii") for match in _SKIP_DAY.findall(body[:20_000])),
        skip_hours=skipping.hours(match.decode("ascii") for match in _SKIP_HOUR.findall(body[:20_000])),
        flaw=flaw,
        whole=whole,
    )


def feed_of(body: bytes, url: str = "") -> Any:
    """feedparser's own result, once it is certain that there is a feed in it."""
    if not body.strip():
        raise ParseError("it is empty")
    if body.lstrip()[:1] in b"{[":
        return _json_feed(body)
    if _HTML.match(body[:2000]):
        raise ParseError("it is an HTML page, not a feed")
    if (ordinary := plain.read(body)) is not None:
        return ordinary
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # feedparser warns of its own deprecated look-ups
        try:
            # Its sanitiser would drop what looks like a tag in a formula; text is cleaned once, by us, before it is stored.
            found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, OverflowError) as error:
            raise ParseError(f"no feed could be read from it ({type(error).__name__}: {str(error)[:100]})") from error
    if not found.version and not found.entries:
        reason = found.get("bozo_exception")
        raise ParseError(f"it is not a feed{f' ({reason})' if reason else ''}".replace("\n", " ")[:300])
    return found


def _flaw(found: Any) -> tuple[str, bool]:
    """What feedparser put up with, and whether the document has its end."""
    if not found.bozo:
        return "", True
    error, count = found.get("bozo_exception"), len(found.entries)
    taken = "one entry could be read" if count == 1 else f"{count} entries could be read"
    if isinstance(error, feedparser.CharacterEncodingOverride):
        return f"its encoding is not what it says: {error}"[:300], True
    if isinstance(error, SAXException):
        said = error.getMessage()
        if said.startswith(_BREAKS_OFF):
            return f"it breaks off before its end; {taken}", False
        line = f" in line {error.getLineNumber()}" if isinstance(error, SAXParseException) else ""
        return f"it is not well-formed XML ({said}{line}); {taken}, perhaps not all", True
    return f"it is not quite a feed ({error}); {taken}"[:300].replace("\n", " "), True


def _json_feed(body: bytes) -> Any:
    """A JSON Feed (https://www.jsonfeed.org/version/1.1/), in feedparser's shape."""
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"it is not JSON: {error}"[:300]) from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise ParseError("it is JSON, but not a JSON Feed: there is no list of items")
    entries = [_json_item(item) for item in feed["items"] if isinstance(item, dict)]
    return SimpleNamespace(version="json", feed={"title": _text(feed.get("title"))}, entries=entries, bozo=False)


def _json_item(item: dict[str, Any]) -> Any:
    people = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    names = [_text(person.get("name")) for person in people or () if isinstance(person, dict)]
    tags = item.get("tags")
    return {
        "title": _text(item.get("title")),
        "link": _text(item.get("external_url")) or _text(item.get("url")),
        "id": _text(item.get("id")),
        "summary": _text(item.get("content_html")) or _text(item.get("content_text")) or _text(item.get("summary")),
        "authors": [{"name": name} for name in names if name],
        "tags": [{"term": _text(tag)} for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        "published": _text(item.get("date_published")),
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _entry(item: Any) -> Entry:
    # dict.get: feedparser's own warns when it is asked for a date under a former name.
    link, guid = _text(dict.get(item, "link")), _text(dict.get(item, "id"))
    contents = [_text(part.get("value")) for part in dict.get(item, "content") or () if isinstance(part, dict)]
    abstract = max([_text(dict.get(item, "summary")), *contents], key=len)
    url = absolute(link) or absolute(guid)
    named = arxiv_ids.split(guid) or arxiv_ids.split(_text(dict.get(item, "dc_identifier")))
    return Entry(
        title=_text(dict.get(item, "title")),
        abstract=abstract,
        authors=_authors(item),
        announced_at=_instant(item),
        url=url,
        pdf_url=_pdf(dict.get(item, "links") or ()),
        links=links_in(abstract),
        arxiv_id=named[0] if named else "",
        version=named[1] if named else None,
        doi=_doi(item, guid),
        categories=tuple(
            dict.fromkeys(_text(tag.get("term")).strip() for tag in dict.get(item, "tags") or () if isinstance(tag, dict))
        ),
    )


def _authors(item: Any) -> tuple[str, ...]:
    listed = [_text(person.get("name")) for person in dict.get(item, "authors") or () if isinstance(person, dict)]
    listed = [name for name in listed if name.strip()]
    if len(listed) > 1:
        return (
            tuple(name for each in listed for name in authors.split(each))
            if any("(" in name for name in listed)
            else tuple(listed)
        )
    return authors.split(listed[0] if listed else _text(dict.get(item, "author")))


def _pdf(links: Iterable[Any]) -> str:
    for link in links:
        if isinstance(link, dict) and "pdf" in _text(link.get("type")):
            return absolute(_text(link.get("href")))
    return ""


def _doi(item: Any, guid: str) -> str:
    for key in ("prism_doi", "arxiv_doi", "dc_identifier", "doi"):
        if match := _DOI.search(_text(dict.get(item, key))):
            return match[1]
    match = _DOI.search(guid) if not guid.startswith("http") or "doi.org/" in guid else None
    return match[1] if match else ""


def _instant(item: Any) -> dt.datetime | None:
    """When it was published, else created or updated; None when the feed does not say or says nonsense."""
    for key in ("published", "created", "updated", "date"):
        parsed = dict.get(item, f"{key}_parsed")
        if isinstance(parsed, time.struct_time):
            try:
                return dt.datetime.fromtimestamp(calendar.timegm(parsed), dt.UTC)
            except (ValueError, OverflowError, OSError):
                continue
        if text := _text(dict.get(item, key)):
            try:
                found = dt.datetime.fromisoformat(text.strip())
            except ValueError:
                continue
            return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return None
