"""What a feed says, in one shape for every kind of feed."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

LinkKind = Literal["code", "project", "other"]
Announcement = Literal["", "new", "cross", "replace", "replace-cross"]


class ParseError(ValueError):
    """The octets are not what they should be; the text is one line for people."""


@dataclass(frozen=True, slots=True)
class Link:
    """An absolute http(s) address and what it leads to."""

    kind: LinkKind
    url: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One announcement of one paper.

    `title` and `abstract` are as the feed said, TeX and HTML included; whoever stores them cleans them. `trust` orders places
    that describe the same paper: the highest wins (3: the archive itself, 2: a curated list, 1: any feed, 0: a saved page).
    """

    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    announced_at: dt.datetime | None = None
    url: str = ""
    pdf_url: str = ""
    links: tuple[Link, ...] = ()
    arxiv_id: str = ""
    version: int | None = None
    doi: str = ""
    journal_reference: str = ""
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    announcement: Announcement = ""
    upvotes: int = 0
    stars: int = 0
    submitter: str = ""
    organisation: str = ""
    withdrawn: bool = False
    trust: int = 1


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole document: its entries, and what it says of itself.

    `day` is the announcement day it is for, where it is for one (arXiv); `skip_days` (0 is Monday) and `skip_hours` (UTC) are
    when it asks not to be fetched; `resume` is the token that fetches the rest, where there is more. `flaw` says in one line
    what is wrong with a document that could be read all the same, and `whole` is false where its end is missing.
    """

    entries: tuple[Entry, ...]
    title: str = ""
    day: dt.date | None = None
    skip_days: tuple[int, ...] = ()
    skip_hours: tuple[int, ...] = ()
    resume: str = ""
    flaw: str = ""
    whole: bool = True
