"""What an issue says, as plain values: the step between the database and the templates."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from digest.issues import places
from digest.issues.names import short_name
from digest.messages import inert

AUTHORS_SHOWN = 3
TOPICS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go, in one or two words."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, eq=False)
class PaperText:
    """A paper at one revision, the same for every reader. `url` is where its title leads; `links` are the other places.

    Texts are told apart by identity: one that is loaded anew is printed anew.
    """

    id: int
    revision: int
    title: str
    url: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    upvotes: int = 0
    links: tuple[Link, ...] = ()
    name: str = field(init=False, compare=False, default="")

    def __post_init__(self) -> None:
        """What people will call it: kept, for every reader's subject line asks."""
        object.__setattr__(self, "name", short_name(self.title))


class Choice(NamedTuple):
    """A paper in one reader's issue. `followed` are those of its authors whom the reader follows; `interest` is the id of what
    the reader asked for and can stop from here, 0 when no reason names any."""

    paper: PaperText
    reasons: tuple[str, ...] = ()
    slot: str = "match"
    followed: frozenset[str] = frozenset()
    interest: int = 0


class Contents(NamedTuple):
    """One issue for one reader.

    Instants are in the reader's zone; `number` is None for a sample; `next_at` is None when no issue follows;
    `away_since` is set in the one issue after a pause, which holds the best of the time away.
    `choices` are shown as papers, `rest` by title alone because the message would have grown too large, `near` are those that
    just missed the cut. `excerpt` is about how many characters of each abstract are shown. `learned` counts the votes since
    the last issue, by kind. The tokens are of the message's own links: `message_token` serves all but the two others.
    """

    date: dt.datetime
    number: int | None
    cadence: str
    topics: tuple[str, ...]
    trending_only: bool
    choices: tuple[Choice, ...]
    near: tuple[PaperText, ...]
    considered: int
    missing_days: int
    next_at: dt.datetime | None
    unsubscribe_token: str
    message_token: str
    issue_token: str
    away_since: dt.date | None = None
    learned: tuple[tuple[str, int], ...] = ()
    rest: tuple[Choice, ...] = ()
    excerpt: int = 460

    @property
    def unsubscribe_url(self) -> str:
        """Where this digest ends; it takes a one-click POST."""
        return places.unsubscribe_url(self.unsubscribe_token)

    def shortened(self, excerpt: int, shown: int) -> "Contents":
        """The same issue with shorter excerpts and at most `shown` papers, the others listed by title."""
        return self._replace(
            excerpt=excerpt,
            choices=self.choices[:shown],
            rest=self.choices[shown:],
        )


def authors_shown(authors: Sequence[str], followed: frozenset[str] = frozenset()) -> tuple[list[str], int]:
    """The authors to name, at most three in their order, those whom the reader follows before others, and how many are left."""
    if len(authors) <= AUTHORS_SHOWN + 1:
        return list(authors), 0
    # A followed author far down a long list is why the paper is here, so the name must not be clipped away.
    ranked = sorted(range(len(authors)), key=lambda index: (authors[index] not in followed, index))
    shown = sorted(ranked[:AUTHORS_SHOWN])
    return [authors[index] for index in shown], len(authors) - AUTHORS_SHOWN


def paper_text(
    *,
    paper_id: int,
    revision: int,
    title: str,
    page_url: str,
    url: str,
    pdf_url: str,
    links: Sequence[dict[str, str]],
    abstract: str,
    authors: Sequence[str],
    topics: Sequence[str],
    upvotes: int,
) -> PaperText:
    """A paper's text from what the database holds, made inert; addresses that are not absolute http(s) ones are left out."""
    labels = {"code": "Code", "project": "Project"}
    places: list[Link] = []
    for label, address in [("PDF", pdf_url), *((labels.get(each["kind"], "Link"), each["url"]) for each in links)]:
        checked = inert.web_address(address) if address else None
        if checked and checked not in {place.url for place in places}:
            places.append(Link(label, checked))
    return PaperText(
        id=paper_id,
        revision=revision,
        title=inert.line(title) or f"Untitled paper {paper_id}",
        url=(inert.web_address(url) if url else None) or page_url,
        abstract=inert.line(abstract),
        authors=tuple(filter(None, map(inert.line, authors))),
        topics=tuple(map(inert.line, topics[:TOPICS_SHOWN])),
        upvotes=upvotes,
        links=tuple(places[:4]),
    )
