"""Feeds without surprises, read an order of magnitude faster than feedparser reads them, and to the same result.

Most feeds are well-formed UTF-8 and keep to a few dozen elements that mean one thing each. Those are read here, into the shape
that feedparser gives them. At the first thing that is not on the lists below (an element nobody listed, one too many, markup
inside a text, a date or an address in an odd form) the whole document is left to feedparser: `read` answers None.
"""

import calendar
import functools
import re
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

from digest.sources import xml
from digest.sources.entries import ParseError

Item = dict[str, Any]
_Reader = Callable[[Item, Element], None]

_ATOM = "{http://www.w3.org/2005/Atom}"
_RSS1 = "{http://purl.org/rss/1.0/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}"

_OTHER_ENCODING = re.compile(rb"\A(?:\xef\xbb\xbf)?<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
# What moves relative addresses about, and prefixes that a document may have given to other names than everybody else.
_ODD = re.compile(rb"\bbase\s*=|xmlns:(?:dc|content|prism|arxiv)\s*=\s*[\"'](?!http://)", re.IGNORECASE)
_PRISM = re.compile(rb"xmlns:prism=[\"'](http://(?:www\.)?prismstandard\.org/namespaces/(?:basic/)?\d\.\d/(?:basic/)?)[\"']")
# Windows' letters, and UTF-8 that was taken for Latin-1 and written as UTF-8 once more.
_MISREAD = re.compile("[\x80-\x9f]|[\xc2-\xf4][\x80-\xbf]")
_RFC822 = re.compile(r"(?:(?:mon|tue|wed|thu|fri|sat|sun), )?(\d\d?) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) (gmt|[-+]\d{4})")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[-+]\d\d:\d\d))?")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}


class _Odd(Exception):
    """Something that feedparser knows better."""


def read(body: bytes) -> Any | None:
    """What feedparser would give for it (its `version`, its feed's `title`, its entries), or None: ask feedparser itself."""
    if _OTHER_ENCODING.match(body) or _ODD.search(body):
        return None
    try:
        root = xml.root(body)
    except ParseError:
        return None
    try:
        if root.tag == "rss":
            (channel,) = root
            return _feed("rss", channel, "", "item", channel, _of_rss("")) if channel.tag == "channel" else None
        if root.tag == f"{_RDF}RDF":
            prism = _PRISM.search(body[:5000])
            (channel,) = root.iterfind(f"{_RSS1}channel")
            return _feed("rss", channel, _RSS1, "item", root, _of_rss(_RSS1, prism[1].decode() if prism else ""))
        if root.tag == f"{_ATOM}feed":
            return _feed("atom", root, _ATOM, "entry", root, _OF_ATOM)
    except (_Odd, ValueError):
        pass
    return None


def _feed(version: str, head: Element, ns: str, item: str, holder: Element, readers: dict[str, _Reader | None]) -> Any:
    if set(head.keys()) - {f"{_RDF}about", "{http://www.w3.org/XML/1998/namespace}lang"}:
        raise _Odd
    found: Item = {}
    for child in head:
        if child.tag == f"{ns}title":
            _text_of("title", "type")(found, child)
        elif child.tag.rpartition("}")[2].lower() == "title":
            raise _Odd
    items = []
    for child in holder:
        if child.tag == f"{ns}{item}":
            items.append(_item(child, readers))
        elif child.tag.rpartition("}")[2].lower() in {"item", "entry"}:
            raise _Odd
    return SimpleNamespace(version=version, feed=found, entries=items, bozo=False)


def _item(element: Element, readers: dict[str, _Reader | None]) -> Item:
    item: Item = {}
    if about := element.get(f"{_RDF}about"):
        item["id"] = about
    if len(element.keys()) > bool(about):
        raise _Odd
    for child in element:
        try:
            reader = readers[child.tag]
        except KeyError as error:
            raise _Odd from error
        if reader is not None:
            reader(item, child)
    if "content" in item:
        item.setdefault("summary", item["content"][0]["value"])
    # An identifier stands for a missing link unless it says otherwise; a feed's own says so in one case out of two.
    item["link"] = item.pop("href", "") or item.get("link", "")
    return item


def _said(element: Element) -> str:
    if len(element):
        raise _Odd
    text = (element.text or "").strip()
    if not text.isascii() and _MISREAD.search(text):
        raise _Odd
    return text


def _url(text: str) -> str:
    """An address that feedparser leaves as it is: it takes out slashes too many, and semicolons of forgotten entities."""
    if "///" in text or ";" in text:
        raise _Odd
    return text


def _text_of(key: str, *attributes: str) -> _Reader:
    def put(item: Item, element: Element) -> None:
        if key in item or not set(element.keys()) <= set(attributes):
            raise _Odd
        if element.get("type", "text") not in {"text", "html"}:
            raise _Odd
        item[key] = _said(element)

    return put


def _content(item: Item, element: Element) -> None:
    if "content" in item or element.get("type", "text") not in {"text", "html"} or not set(element.keys()) <= {"type"}:
        raise _Odd
    item["content"] = [{"value": _said(element)}]


def _address(item: Item, element: Element) -> None:
    if element.attrib or "href" in item:
        raise _Odd
    item["href"] = _url(_said(element))


def _guid(item: Item, element: Element) -> None:
    if "id" in item or not set(element.keys()) <= {"isPermaLink"}:
        raise _Odd
    item["id"] = identifier = _url(_said(element))
    if element.get("isPermaLink", "true") == "true":
        item["link"] = identifier


def _creator(item: Item, element: Element) -> None:
    name = _said(element)
    if element.attrib or not name or "@" in name:
        raise _Odd
    item.setdefault("authors", []).append({"name": name})


def _category(item: Item, element: Element) -> None:
    term = _said(element)
    if not term or not set(element.keys()) <= {"domain"}:
        raise _Odd
    item.setdefault("tags", []).append({"term": term})


def _enclosure(item: Item, element: Element) -> None:
    if not set(element.keys()) <= {"url", "type", "length"} or len(element):
        raise _Odd
    item.setdefault("links", []).append({"type": element.get("type", ""), "href": element.get("url", "")})


def _date(key: str) -> _Reader:
    def put(item: Item, element: Element) -> None:
        if key in item or element.attrib:
            raise _Odd
        item[key] = text = _said(element)
        item[f"{key}_parsed"] = _instant(text)

    return put


@functools.lru_cache(maxsize=4096)
def _instant(text: str) -> time.struct_time:
    """The moment in UTC of the two ways in which nearly all dates are written. Raises ValueError for any other."""
    if match := _RFC822.fullmatch(text.lower()):
        day, month, year, *clock, zone = match.groups()
        date = (int(year), _MONTHS.get(month, 0), int(day))
    elif match := _ISO.fullmatch(text):
        *numbers, zone = match.groups("0")
        date, clock = (int(numbers[0]), int(numbers[1]), int(numbers[2])), numbers[3:]
    else:
        raise ValueError(text)
    hour, minute, second = map(int, clock)
    days = (31, 29 if calendar.isleap(date[0]) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    possible = 1 <= date[1] <= 12 and 1 <= date[2] <= days[date[1] - 1] and hour < 24 and minute < 60 and second < 60
    if not possible or not 1970 <= date[0] <= 2100:
        raise ValueError(text)
    digits = zone.replace(":", "")
    ahead = 0 if zone in {"gmt", "Z", "0"} else int(digits[1:3]) * 3600 + int(digits[3:]) * 60
    seconds = calendar.timegm((*date, hour, minute, second)) - (-ahead if zone[0] == "-" else ahead)
    return time.gmtime(seconds)


def _of_rss(ns: str, prism: str = "") -> dict[str, _Reader | None]:
    """What an item of RSS may hold: element -> how it is read, or None where it says nothing of a paper."""
    readers: dict[str, _Reader | None] = {
        f"{ns}title": _text_of("title"),
        f"{ns}link": _address,
        f"{ns}description": _text_of("summary"),
        f"{_CONTENT}encoded": _content,
        f"{_DC}creator": _creator,
        f"{_DC}date": _date("updated"),
        f"{_DC}subject": _category,
        f"{_DC}identifier": _text_of("dc_identifier"),
        f"{_DC}language": None,
        f"{_DC}publisher": None,
        f"{_DC}rights": None,
        f"{_DC}source": None,
        f"{_DC}format": None,
        "{http://purl.org/rss/1.0/modules/slash/}comments": None,
        "{http://wellformedweb.org/CommentAPI/}commentRss": None,
    }
    if not ns:
        readers |= {
            "guid": _guid, "pubDate": _date("published"), "category": _category, "author": _creator, "enclosure": _enclosure,
            "comments": None,
        }  # fmt: skip
    if prism:
        said = ("publicationName", "publicationDate", "volume", "number", "section", "startingPage", "endingPage", "issn")
        readers |= {f"{{{prism}}}{name}": None for name in said} | {f"{{{prism}}}doi": _text_of("prism_doi")}
    return readers


def _atom_link(item: Item, element: Element) -> None:
    if not set(element.keys()) <= {"rel", "type", "href", "title", "hreflang", "length"} or len(element):
        raise _Odd
    url, kind = _url(element.get("href", "")), element.get("type", "text/html")
    if not url:
        raise _Odd
    item.setdefault("links", []).append({"type": kind, "href": url})
    if element.get("rel", "alternate") == "alternate":
        if kind != "text/html" or "href" in item:
            raise _Odd
        item["href"] = url


def _atom_author(item: Item, element: Element) -> None:
    names = [_said(child) for child in element if child.tag == f"{_ATOM}name"]
    if element.attrib or len(names) != 1 or not names[0] or not {child.tag for child in element} <= _ABOUT_AUTHORS:
        raise _Odd
    item.setdefault("authors", []).append({"name": names[0]})


def _atom_category(item: Item, element: Element) -> None:
    term = element.get("term", "")
    if not term or len(element) or (element.text or "").strip() or not set(element.keys()) <= {"term", "scheme", "label"}:
        raise _Odd
    item.setdefault("tags", []).append({"term": term})


def _atom_id(item: Item, element: Element) -> None:
    if element.attrib:
        raise _Odd
    _guid(item, element)


_ABOUT_AUTHORS = {f"{_ATOM}name", f"{_ATOM}email", f"{_ATOM}uri"}
_OF_ATOM: dict[str, _Reader | None] = {
    f"{_ATOM}title": _text_of("title", "type"),
    f"{_ATOM}id": _atom_id,
    f"{_ATOM}link": _atom_link,
    f"{_ATOM}summary": _text_of("summary", "type"),
    f"{_ATOM}content": _content,
    f"{_ATOM}published": _date("published"),
    f"{_ATOM}updated": _date("updated"),
    f"{_ATOM}author": _atom_author,
    f"{_ATOM}category": _atom_category,
}
