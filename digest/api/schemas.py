"""What the interface says of papers and topics, and of errors."""

import datetime as dt

from ninja import Field, Schema


class TopicName(Schema):
    slug: str
    name: str


class Link(Schema):
    kind: str = Field(description="code, project or other")
    url: str


class Picked(Schema):
    editor: str
    note: str


class Paper(Schema):
    """A paper as lists show it."""

    id: int
    title: str
    authors: list[str]
    abstract: str
    announced_at: dt.datetime
    upvotes: int = Field(description="Those of sources that count them, and those cast here.")
    stars: int = Field(description="Of its code.")
    categories: list[str] = Field(description="arXiv categories, the primary one first.")
    topics: list[TopicName]
    links: list[Link]
    picks: list[Picked]
    arxiv_id: str | None
    doi: str | None
    url: str | None = Field(description="Where the work lives.")
    pdf_url: str | None
    page: str = Field(description="Its page on this site.")


class Version(Schema):
    number: int
    announced_at: dt.datetime
    title_tex: str
    abstract_tex: str


class Seen(Schema):
    """A source that showed the paper."""

    source: str
    url: str | None
    announced_at: dt.datetime
    upvotes: int


class WholePaper(Paper):
    """Everything the site says of a paper. `*_tex` is what the source wrote."""

    title_tex: str
    abstract_tex: str
    keywords: list[str]
    journal_reference: str | None
    organisation: str | None
    withdrawn_at: dt.datetime | None
    versions: list[Version]
    seen_in: list[Seen]
    bibtex: str


class Papers(Schema):
    """A part of a list; `next` is the address of the part that follows, if any does."""

    papers: list[Paper]
    next: str | None


class TrendingPapers(Papers):
    """As `Papers`; `total` counts the whole list, which covers [start, end) and was ordered as of `at`."""

    total: int
    start: dt.datetime
    end: dt.datetime
    at: dt.datetime


class Match(Schema):
    where: str = Field(description="title, abstract, keyword, topic, author, spelling, words or meaning")
    words: list[str] = Field(description="What matched there, if more than the words of the question.")


class FoundPaper(Paper):
    matched: list[Match]
    nearly: bool = Field(description="It does not hold all that was asked for.")


class FoundPapers(Schema):
    """`corrected` was looked for in place of `query`, `perhaps` is a likelier spelling; `total` counts what holds all of it."""

    papers: list[FoundPaper]
    next: str | None
    query: str
    corrected: str | None
    perhaps: str | None
    total: int
    at_least: bool = Field(description="Too many to count: there are `total` or more.")
    notes: list[str] = Field(description="What of the question was not read.")


class Topic(Schema):
    slug: str
    name: str
    field: str
    description: str
    categories: list[str]
    key_terms: list[str]
    papers_this_week: int
    page: str
    feed: str


class Topics(Schema):
    topics: list[Topic]


class Failure(Schema):
    """What is wrong and how to mend it; `where` names the parameter, if one is to blame."""

    error: str
    where: str | None = None
