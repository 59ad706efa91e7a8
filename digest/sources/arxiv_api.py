"""Answers of arXiv's query interface, which are Atom (https://info.arxiv.org/help/api/user-manual.html)."""

import datetime as dt
from xml.etree.ElementTree import Element

from digest.sources import arxiv_ids, xml
from digest.sources.arxiv import is_withdrawn
from digest.sources.entries import Announcement, Entry, Feed, ParseError
from digest.sources.links import absolute, links_in

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"


def parse(body: bytes, url: str = "") -> list[Entry]:
    """The answer's papers. Raises ParseError as `read` does."""
    return list(read(body, url).entries)


def read(body: bytes, url: str = "") -> Feed:
    """The answer's papers, none when nothing matched.

    Raises ParseError for what is not such an answer, and for an error, which arXiv answers as an entry.
    """
    root = xml.root(body)
    if root.tag != f"{_ATOM}feed":
        raise ParseError("it is not an answer of the arXiv API: its root is no Atom feed")
    entries = []
    for entry in root.iterfind(f"{_ATOM}entry"):
        identifier = _said(entry, "id")
        if "/api/errors" in identifier:
            raise ParseError(f"arXiv answered with an error: {_said(entry, 'summary') or identifier}"[:300])
        entries.append(_entry(entry, identifier))
    return Feed(tuple(entries), title=_said(root, "title")[:300])


def _said(element: Element, name: str, namespace: str = _ATOM) -> str:
    return (element.findtext(f"{namespace}{name}") or "").strip()


def _instant(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _entry(entry: Element, identifier: str) -> Entry:
    named = arxiv_ids.split(identifier.partition("/abs/")[2]) or arxiv_ids.split(identifier)
    version = named[1] if named else None
    abstract = _said(entry, "summary")
    categories = [_primary(entry), *(each.get("term", "") for each in entry.iterfind(f"{_ATOM}category"))]
    # `published` is when version 1 came, `updated` when this one did.
    replaced: Announcement = "replace" if version is not None and version > 1 else "new"
    published, updated = _instant(_said(entry, "published")), _instant(_said(entry, "updated"))
    # The link's attributes have changed more than once; its path has not.
    pdf = next((link.get("href", "") for link in entry.iterfind(f"{_ATOM}link") if "/pdf/" in link.get("href", "")), "")
    return Entry(
        title=_said(entry, "title"),
        abstract=abstract,
        authors=tuple(filter(None, (_said(author, "name") for author in entry.iterfind(f"{_ATOM}author")))),
        announced_at=updated if replaced == "replace" else published or updated,
        url=f"https://arxiv.org/abs/{named[0]}" if named else absolute(identifier),
        pdf_url=absolute(pdf),
        links=links_in(f"{abstract} {_said(entry, 'comment', _ARXIV)}"),
        arxiv_id=named[0] if named else "",
        version=version,
        doi=_said(entry, "doi", _ARXIV),
        journal_reference=_said(entry, "journal_ref", _ARXIV),
        categories=tuple(dict.fromkeys(filter(None, categories))),
        announcement=replaced,
        withdrawn=is_withdrawn(abstract, _said(entry, "comment", _ARXIV)),
        trust=3,
    )


def _primary(entry: Element) -> str:
    primary = entry.find(f"{_ARXIV}primary_category")
    return primary.get("term", "") if primary is not None else ""
