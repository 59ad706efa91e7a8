"""arXiv by OAI-PMH, for the days that its announcements missed (https://info.arxiv.org/help/oa/index.html).

One page of ListRecords with metadataPrefix=arXiv; the protocol is http://www.openarchives.org/OAI/openarchivesprotocol.html.
"""

import datetime as dt
import re
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import Element

from digest.sources import arxiv_ids, xml
from digest.sources.arxiv import is_withdrawn
from digest.sources.entries import Announcement, Entry, Feed, ParseError
from digest.sources.links import links_in

ENDPOINT = "https://oaipmh.arxiv.org/oai"
# Archives that stand at the top level; all others are parts of physics.
_GROUPS = frozenset({"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"})
_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_RECORD = "{http://arxiv.org/OAI/arXiv/}"


def first_page(set_spec: str, since: dt.date, until: dt.date) -> str:
    """The address of the first page of what changed in a set from `since` to `until`, both included; all sets if empty."""
    query = {"verb": "ListRecords", "metadataPrefix": "arXiv", "from": since.isoformat(), "until": until.isoformat()}
    return f"{ENDPOINT}?{urlencode(query | ({'set': set_spec} if set_spec else {}))}"


def next_page(token: str) -> str:
    """The address of the page behind a resumption token."""
    return f"{ENDPOINT}?{urlencode({'verb': 'ListRecords', 'resumptionToken': token})}"


def sets_of(feed_url: str) -> list[str]:
    """The OAI sets that hold what an announcement feed announces: `.../rss/cs.LG+hep-th` -> [`cs:cs:LG`, `physics:hep-th`]."""
    sets = []
    for name in urlsplit(feed_url).path.rpartition("/")[2].split("+"):
        archive, _, category = name.partition(".")
        if not re.fullmatch(r"[a-z-]+", archive):
            continue
        if archive in _GROUPS:
            sets.append(f"{archive}:{archive}:{category}" if category else archive)
        elif archive == "physics":
            sets.append(f"physics:physics:{category}" if category else "physics:physics")
        else:
            sets.append(f"physics:{archive}:{category}" if category else f"physics:{archive}")
    return list(dict.fromkeys(sets))


def parse(body: bytes, url: str = "") -> list[Entry]:
    """One page's papers. Raises ParseError as `read` does."""
    return list(read(body, url).entries)


def read(body: bytes, url: str = "") -> Feed:
    """One page's papers and the token of the next page; no matching record is an answer like any other.

    Raises ParseError for what is not OAI-PMH, and for its errors.
    """
    root = xml.root(body)
    if root.tag != f"{_OAI}OAI-PMH":
        raise ParseError("it is not an OAI-PMH answer")
    error = root.find(f"{_OAI}error")
    if error is not None:
        if error.get("code") == "noRecordsMatch":
            return Feed(())
        raise ParseError(
            f"OAI-PMH answered with an error: {error.get('code', '')} {' '.join((error.text or '').split())}"[:300]
        )
    records = root.find(f"{_OAI}ListRecords")
    if records is None:
        raise ParseError("it is an OAI-PMH answer, but not to ListRecords")
    return Feed(
        entries=tuple(_entry(record) for record in records.iterfind(f"{_OAI}record")),
        resume=(records.findtext(f"{_OAI}resumptionToken") or "").strip(),
    )


def _day(text: str | None) -> dt.datetime | None:
    try:
        return dt.datetime.combine(dt.date.fromisoformat((text or "").strip()[:10]), dt.time(), dt.UTC)
    except ValueError:
        return None


def _entry(record: Element) -> Entry:
    header, metadata = record.find(f"{_OAI}header"), record.find(f"{_OAI}metadata/{_RECORD}arXiv")
    identifier = (header.findtext(f"{_OAI}identifier") or "").strip() if header is not None else ""
    datestamp = _day(header.findtext(f"{_OAI}datestamp") if header is not None else None)
    named = arxiv_ids.split(identifier)
    if metadata is None:
        deleted = header is not None and header.get("status") == "deleted"
        return Entry(title="", arxiv_id=named[0] if named else "", announced_at=datestamp, withdrawn=deleted, trust=3)

    def said(tag: str) -> str:
        return (metadata.findtext(f"{_RECORD}{tag}") or "").strip()

    named = arxiv_ids.split(said("id")) or named
    abstract = said("abstract")
    replaced: Announcement = "replace" if said("updated") else "new"
    return Entry(
        title=said("title"),
        abstract=abstract,
        authors=tuple(filter(None, map(_name, metadata.iterfind(f"{_RECORD}authors/{_RECORD}author")))),
        announced_at=datestamp,
        url=f"https://arxiv.org/abs/{named[0]}" if named else "",
        pdf_url=f"https://arxiv.org/pdf/{named[0]}" if named else "",
        links=links_in(f"{abstract} {said('comments')}"),
        arxiv_id=named[0] if named else "",
        doi=said("doi").partition(" ")[0],
        journal_reference=said("journal-ref"),
        categories=tuple(said("categories").split()),
        announcement=replaced,
        withdrawn=is_withdrawn(abstract, said("comments")),
        trust=3,
    )


def _name(author: Element) -> str:
    parts = (author.findtext(f"{_RECORD}{tag}") or "" for tag in ("forenames", "keyname", "suffix"))
    return " ".join(" ".join(parts).split())
