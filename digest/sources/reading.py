"""Which kind of document these octets are, and its entries."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from digest.sources import arxiv, page, syndication
from digest.sources.entries import Entry, ParseError

LARGEST = 25_000_000
FORMATS = ("page", "rss", "atom", "auto")

_ROOT = re.compile(rb"<(?!\?|!)\s*(?:[\w.-]+:)?([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Read:
    """A document's format as it was recognised, and its entries."""

    format: str
    entries: list[Entry]


def read(body: bytes, wanted: str, url: str, *, today: dt.date, date: dt.date | None) -> Read:
    """Read octets as the wanted format, or as what they look like when it is `auto`. Raises ParseError."""
    if len(body) > LARGEST:
        raise ParseError(f"it has {len(body):,} octets; at most {LARGEST:,} are read")
    form = recognised(body) if wanted == "auto" else wanted
    if form == "page":
        return Read("page", page.parse(body, url, today=today, date=date))
    return Read(form, _PARSERS[form](body, url))


def recognised(body: bytes) -> str:
    """The format that the first octets speak of; what speaks of none is taken for a page, which says what is wrong with it."""
    start = body[:4000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in {b"{", b"["}:
        return "json"
    if not start.startswith(b"<"):
        return "page"
    match = _ROOT.search(re.sub(rb"<!--.*?-->", b"", start, flags=re.DOTALL))
    root = match[1].lower() if match else b""
    if root in {b"rss", b"rdf"}:
        return "rss"
    return "atom" if root == b"feed" else "page"


def _feed(body: bytes, url: str) -> list[Entry]:
    """arXiv's own feeds by its own parser, which knows what it adds; all others by feedparser."""
    if b"//arxiv.org/schemas/atom" in body[:2000]:
        return arxiv.parse(body, url)
    return syndication.parse(body, url)


_PARSERS: dict[str, Callable[[bytes, str], list[Entry]]] = {"rss": _feed, "atom": _feed, "json": _feed}
