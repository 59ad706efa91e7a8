"""What a batch of entries says about papers, worked out before the database is asked anything."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from digest import text
from digest.papers import identity
from digest.papers.identity import Name
from digest.sources import arxiv_ids
from digest.sources.entries import Entry
from digest.sources.links import absolute

LONGEST_TITLE = 1000
LONGEST_ABSTRACT = 50_000
_EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
_AHEAD = dt.timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that was not stored, and why."""

    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Wording:
    """Title, abstract and authors as one place gave them; of several the greatest is shown, whatever the order they came in.

    `rank` says how good the place is: an abstract before none, authors before none, then the place's trust, then the version.
    """

    rank: int
    length: int
    abstract: str
    title: str
    authors: tuple[str, ...]

    @property
    def key(self) -> tuple[int, int, str, str, tuple[str, ...]]:
        return self.rank, self.length, self.abstract, self.title, self.authors


@dataclass(slots=True)
class Draft:
    """One paper as this batch describes it, from one entry or from several that mean the same work."""

    wording: Wording
    title: str
    strong: set[Name]
    titles: set[str]
    first_author: str
    announced_at: dt.datetime
    appeared_at: dt.datetime
    url: str
    pdf_url: str
    appearance_url: str
    submitter: str
    journal_reference: str
    organisation: str
    upvotes: int
    stars: int
    withdrawn: bool
    categories: list[str]
    keywords: list[str]
    links: list[dict[str, str]]
    versions: dict[int, tuple[str, str, dt.datetime]] = field(default_factory=dict)
    entries: set[int] = field(default_factory=set)
    misdated: int = 0

    def absorb(self, other: "Draft") -> None:
        """Add what another description of the same paper says; nothing either said is lost."""
        if other.wording.key > self.wording.key:
            self.wording, self.title = other.wording, other.title
            self.first_author = other.first_author or self.first_author
        else:
            self.first_author = self.first_author or other.first_author
        self.strong |= other.strong
        self.titles |= other.titles
        self.announced_at = min(self.announced_at, other.announced_at)
        self.appeared_at = min(self.appeared_at, other.appeared_at)
        self.url = min(filter(None, (self.url, other.url)), default="")
        self.pdf_url = min(filter(None, (self.pdf_url, other.pdf_url)), default="")
        self.appearance_url = self.appearance_url or other.appearance_url
        self.submitter = max(self.submitter, other.submitter)
        self.journal_reference = max(self.journal_reference, other.journal_reference)
        self.organisation = max(self.organisation, other.organisation)
        self.upvotes = max(self.upvotes, other.upvotes)
        self.stars = max(self.stars, other.stars)
        self.withdrawn = self.withdrawn or other.withdrawn
        self.categories = list(dict.fromkeys(self.categories + other.categories))
        self.keywords = list(dict.fromkeys(self.keywords + other.keywords))
        known = {link["url"] for link in self.links}
        self.links += [link for link in other.links if link["url"] not in known]
        for number, version in other.versions.items():
            self.versions[number] = max(self.versions[number], version) if number in self.versions else version
        self.entries |= other.entries
        self.misdated += other.misdated


def _storable(value: str) -> str:
    """PostgreSQL takes neither NUL nor half a surrogate pair."""
    if "\0" in value:
        value = value.replace("\0", "")
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _address(url: str) -> str:
    """The address, or nothing unless it is one that a page may link to, whatever a parser let through."""
    return absolute(_storable(url))


def draft(entry: Entry, index: int, now: dt.datetime) -> Draft | Refusal:
    """What one entry says, or why it cannot be stored."""
    title_source, abstract_source = _storable(entry.title.strip()), _storable(entry.abstract.strip())
    title = text.clean(title_source)
    if not title:
        return Refusal(title_source[:200], "it has no title")
    if len(title) > LONGEST_TITLE:
        return Refusal(f"{title[:100]}…", f"its title has {len(title):,} characters; at most {LONGEST_TITLE:,} are taken")
    if len(abstract_source) > LONGEST_ABSTRACT:
        return Refusal(title, f"its abstract has {len(abstract_source):,} characters; at most {LONGEST_ABSTRACT:,} are taken")
    appeared = entry.announced_at or now
    believable = _EARLIEST < appeared < now + _AHEAD
    if not believable:
        appeared = now
    announced = appeared
    if entry.announcement.startswith("replace") and entry.arxiv_id:
        # A new version of an old paper: the paper itself was announced when its identifier was given.
        announced = min(appeared, arxiv_ids.month(entry.arxiv_id))
    authors = tuple(name[:300] for name in map(text.clean, map(_storable, entry.authors)) if name)
    version = entry.version or identity.version_in(entry.url)
    rank = bool(abstract_source) * 100_000 + bool(authors) * 50_000 + entry.trust * 1_000 + min(version or 0, 999)
    strong = {(kind, _storable(value)) for kind, value in identity.strong_names(entry)}
    return Draft(
        wording=Wording(rank, len(abstract_source), abstract_source, title_source, authors),
        title=title,
        strong=strong,
        titles={identity.title_hash(title)},
        first_author=identity.first_author(authors),
        announced_at=announced,
        appeared_at=appeared,
        url=_home(strong, _address(entry.url)),
        pdf_url=_address(entry.pdf_url),
        appearance_url=_address(entry.url),
        submitter=text.clean(_storable(entry.submitter))[:160],
        journal_reference=text.clean(_storable(entry.journal_reference))[:300],
        organisation=text.clean(_storable(entry.organisation))[:160],
        upvotes=max(0, min(entry.upvotes, 2**31 - 1)),
        stars=max(0, min(entry.stars, 2**31 - 1)),
        withdrawn=entry.withdrawn,
        categories=[each for each in dict.fromkeys(map(_storable, entry.categories)) if 0 < len(each) <= 40],
        keywords=list(dict.fromkeys(text.clean(_storable(keyword))[:120] for keyword in entry.keywords if keyword.strip())),
        links=[{"kind": link.kind, "url": url} for link in entry.links if (url := _address(link.url))],
        versions={version: (title_source, abstract_source, appeared)} if version else {},
        entries={index},
        misdated=int(not believable),
    )


def _home(strong: set[Name], url: str) -> str:
    """Where the work lives: arXiv, else behind its DOI, else where the feed said."""
    named = dict(sorted(strong, reverse=True))
    if "arxiv" in named:
        return f"https://arxiv.org/abs/{named['arxiv']}"
    if "doi" in named:
        return f"https://doi.org/{named['doi']}"
    return url[:1000]


def home_of(strong: set[Name], urls: Sequence[str]) -> str:
    """The best home among a paper's names and the addresses that feeds gave."""
    return _home(strong, min(filter(None, urls), default=""))


def gather(drafts: Sequence[Draft]) -> list[Draft]:
    """One draft for each work: those that share a strong name, and untitled ones by title and first author."""
    parents = list(range(len(drafts)))

    def root(at: int) -> int:
        while parents[at] != at:
            parents[at] = parents[parents[at]]
            at = parents[at]
        return at

    shared = _shared_addresses(drafts)
    owners: dict[Name, int] = {}
    for at, each in enumerate(drafts):
        each.strong -= shared
        for name in each.strong:
            if name in owners:
                parents[root(at)] = root(owners[name])
            else:
                owners[name] = at
    works: dict[int, Draft] = {}
    for at, each in enumerate(drafts):
        if (head := root(at)) in works:
            works[head].absorb(each)
        else:
            works[head] = each
    return _joined_by_title(list(works.values()))


def _shared_addresses(drafts: Sequence[Draft]) -> set[Name]:
    """Addresses that different titles of one batch carry: a feed that links every item to one page names none by it."""
    titles: dict[Name, set[str]] = defaultdict(set)
    for each in drafts:
        for name in each.strong:
            if name[0] == "url":
                titles[name] |= each.titles
    return {name for name, seen in titles.items() if len(seen) > 1}


def _joined_by_title(works: list[Draft]) -> list[Draft]:
    by_title: dict[str, list[Draft]] = defaultdict(list)
    joined: list[Draft] = []
    for work in sorted(works, key=lambda work: not work.strong):
        if not work.strong:
            peers = [peer for title in work.titles for peer in by_title[title]]
            same = next((peer for peer in peers if identity.same_people(peer.first_author, work.first_author)), None)
            if same is not None:
                same.absorb(work)
                continue
        joined.append(work)
        for title in work.titles:
            by_title[title].append(work)
    joined.sort(key=lambda work: min(work.entries))
    return joined
