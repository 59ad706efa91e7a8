"""Lists of sources as OPML 2.0 (http://opml.org/spec2.opml), with what it lacks in attributes of a namespace of ours."""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent, register_namespace

from digest.sources import xml
from digest.sources.entries import ParseError
from digest.sources.links import absolute

NAMESPACE = "urn:paper-round:sources"
_FORMATS = frozenset({"arxiv", "arxiv-api", "arxiv-oai", "huggingface", "syndication"})
register_namespace("paperround", NAMESPACE)


@dataclass(frozen=True, slots=True)
class Outline:
    """One source in a list."""

    slug: str
    name: str
    format: str
    url: str
    homepage: str = ""
    hours: int = 6
    active: bool = False


def parse(body: bytes) -> list[Outline]:
    """The sources in the list, folders flattened, each address once. Raises ParseError, naming the outline that is wrong."""
    root = xml.root(body)
    if root.tag != "opml":
        raise ParseError(f"it is not OPML: its root is <{root.tag[:40]}>")
    found: dict[str, Outline] = {}
    for outline in root.iter("outline"):
        if outline.get("xmlUrl") is not None:
            read = _outline(outline)
            found.setdefault(read.url, read)
    if not found:
        raise ParseError("no outline in it has an xmlUrl")
    return list(found.values())


def _outline(outline: Element) -> Outline:
    given = outline.get("xmlUrl", "")
    name = " ".join((outline.get("text") or outline.get("title") or given).split())[:160]
    url = absolute(given)
    if not url:
        raise ParseError(f"the address of {name!r} is not an absolute http(s) one: {given[:100]!r}")
    form = outline.get(f"{{{NAMESPACE}}}format") or _guess(url)
    if form not in _FORMATS:
        raise ParseError(f"the format of {name!r} is {form[:40]!r}; it takes one of {', '.join(sorted(_FORMATS))}")
    hours = outline.get(f"{{{NAMESPACE}}}hours", "6")
    if not hours.isascii() or not hours.isdecimal() or not 1 <= int(hours) <= 24 * 7:
        raise ParseError(f"the hours of {name!r} are {hours[:20]!r}; they take a whole number from 1 to 168")
    return Outline(
        slug=slug(outline.get(f"{{{NAMESPACE}}}slug") or name),
        name=name,
        format=form,
        url=url,
        homepage=absolute(outline.get("htmlUrl", "")),
        hours=int(hours),
        active=outline.get(f"{{{NAMESPACE}}}active", "yes") == "yes",
    )


def _guess(url: str) -> str:
    """What a plain list's address most likely answers with."""
    if re.match(r"https?://(?:rss|export)\.arxiv\.org/(?:rss|atom)/", url):
        return "arxiv"
    if re.match(r"https?://export\.arxiv\.org/api/", url):
        return "arxiv-api"
    if re.match(r"https?://(?:oaipmh|export)\.arxiv\.org/oai", url):
        return "arxiv-oai"
    return "huggingface" if url.startswith("https://huggingface.co/api/daily_papers") else "syndication"


def slug(name: str) -> str:
    """A short name of ASCII letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "source"


def write(outlines: Iterable[Outline], title: str) -> bytes:
    """The list as UTF-8 OPML that `parse` reads back."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = title
    body = SubElement(root, "body")
    for each in outlines:
        SubElement(
            body,
            "outline",
            {
                "type": "rss",
                "text": each.name,
                "xmlUrl": each.url,
                "htmlUrl": each.homepage,
                f"{{{NAMESPACE}}}slug": each.slug,
                f"{{{NAMESPACE}}}format": each.format,
                f"{{{NAMESPACE}}}hours": str(each.hours),
                f"{{{NAMESPACE}}}active": "yes" if each.active else "no",
            },
        )
    indent(root)
    return _serialised(root)


def _serialised(root: Element) -> bytes:
    out = io.BytesIO()
    ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)
    return out.getvalue() + b"\n"
