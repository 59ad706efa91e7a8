"""Which kind of document these octets are, and its entries."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from digest.sources import inflate, page
from digest.sources.entries import Entry, Feed, ParseError
from digest.sources.parsing import LARGEST

FORMATS = ("page", "rss", "atom", "auto")

_ROOT = re.compile(rb"<(?!\?|!)\s*(?:[\w.-]+:)?([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Read:
    """A document's format as it was recognised, and its entries, and what was wrong with it, if anything."""

    format: str
    entries: list[Entry]
    flaw: str = ""


Reader = Callable[[str, bytes, str], Feed]


def read(body: bytes, wanted: str, url: str, *, today: dt.date, date: dt.date | None, reader: Reader) -> Read:
    """Read octets as the wanted format, or as what they look like when it is `auto`. Raises ParseError.

    `reader` is `parsing.read`, or a pool's, for what strangers may have written; pages are read here.
    """
    if inflate.is_gzip(body):
        body = inflate.inflated(body, "gzip", LARGEST)
    if len(body) > LARGEST:
        raise ParseError(f"it has more than {LARGEST:,} octets, the most that are read")
    form = recognised(body) if wanted == "auto" else wanted
    if form == "page":
        return Read("page", page.parse(body, url, today=today, date=date))
    feed = reader(_parser_of(form, body), body, url)
    return Read(form, list(feed.entries), feed.flaw)


def recognised(body: bytes) -> str:
    """The format that the first octets speak of; what speaks of none is taken for a page, which says what is wrong with it."""
    start = body[:4000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in {b"{", b"["}:
        return "huggingface" if start[:1] == b"[" else "json"
    if not start.startswith(b"<"):
        return "page"
    match = _ROOT.search(re.sub(rb"<!--.*?-->", b"", start, flags=re.DOTALL))
    root = match[1].lower() if match else b""
    if root in {b"rss", b"rdf"}:
        return "rss"
    if root == b"oai-pmh":
        return "oai"
    return "atom" if root == b"feed" else "page"


def _parser_of(form: str, body: bytes) -> str:
    """arXiv's own documents are read by parsers that know what it adds, all others by feedparser."""
    if form in {"huggingface", "oai"}:
        return {"huggingface": "huggingface", "oai": "arxiv-oai"}[form]
    head = body[:3000]
    if b"arxiv.org/schemas/atom" in head:
        return "arxiv-api" if b"opensearch" in head or b"arxiv.org/api/" in head else "arxiv"
    return "syndication"
