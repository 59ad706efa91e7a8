"""What may be asked of the search besides words, and what it answers."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from digest.models import Paper

PAGE = 20
"""Papers on a page."""

Where = Literal["title", "abstract", "keyword", "topic", "author", "spelling", "words", "meaning"]


@dataclass(frozen=True, slots=True)
class Filters:
    """`topic` is a slug; `since` and `until` are days of announcement (UTC), both included; `author` a name.

    `as_typed` keeps the spelling even where nothing is found.
    """

    topic: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    author: str = ""
    as_typed: bool = False

    @property
    def none(self) -> bool:
        return not (self.topic or self.since or self.until or self.author)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, and whether it is what was looked for."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Where a paper matched, and the words there: names, topics, key terms, what was mended; none where marks show it."""

    where: Where
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found. `nearly` is set where it does not hold all that was asked for."""

    paper: Paper
    score: float
    matched: tuple[Match, ...]
    title: tuple[Piece, ...]
    snippet: tuple[Piece, ...]
    nearly: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: after the paper with this key."""

    tier: int
    score: float
    paper: int

    def __str__(self) -> str:
        return f"{self.tier}.{round(self.score * SCALE)}.{self.paper}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """The cursor that `str` wrote; None for anything else."""
        if not _CURSOR.fullmatch(text):
            return None
        tier, score, paper = map(int, text.split("."))
        return cls(tier, score / SCALE, paper)


SCALE = 10**6
"""Scores are whole multiples of 1 / SCALE, so that a cursor can name one."""
_CURSOR = re.compile(r"[01]\.[0-9]{1,9}\.[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Nearby:
    """Something else to look at: a topic (`slug`), or other words (`slug` empty)."""

    text: str
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """`query` is what was asked for as it was read; `corrected` what was looked for instead, where the spelling was mended.

    `total` papers hold all that was asked for, `at_least` of them when they were too many to count; `reachable` can be paged
    through. `perhaps` is a likelier spelling that was not applied. `next` leads to the next page, `first` is whether this is
    the first one.
    """

    query: str
    corrected: str
    perhaps: str
    hits: tuple[Hit, ...]
    total: int
    at_least: bool
    reachable: int
    next: str
    first: bool
    nearby: tuple[Nearby, ...] = ()
    notes: tuple[str, ...] = ()
