"""Hugging Face Daily Papers, as `GET /api/daily_papers` answers."""

import datetime as dt
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from digest.sources import arxiv_ids
from digest.sources.arxiv import is_withdrawn
from digest.sources.entries import Entry, Feed, Link, ParseError
from digest.sources.links import absolute, kind_of, links_in


def day_url(url: str, day: dt.date) -> str:
    """The same list for one day."""
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] not in {"date", "week", "month"}]
    return urlunsplit(parts._replace(query=urlencode([*query, ("date", day.isoformat())])))


def parse(body: bytes, url: str = "") -> list[Entry]:
    """The list's papers. Raises ParseError as `read` does."""
    return list(read(body, url).entries)


def read(body: bytes, url: str = "") -> Feed:
    """The list's papers in its order; what is no paper becomes an entry without a title, which is refused by name later.

    Everything but id and title may be missing, and keys that are not known are passed over. Raises ParseError for what is not
    such a list.
    """
    if not body.strip():
        raise ParseError("it is empty")
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"it is not JSON: {error}"[:300]) from error
    if isinstance(listed, dict) and isinstance(listed.get("error"), str):
        raise ParseError(f"Hugging Face answered with an error: {listed['error']}"[:300])
    if not isinstance(listed, list):
        raise ParseError("it is JSON, but not a list of papers")
    return Feed(tuple(map(_entry, listed)))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return max(0, int(value)) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**31 else 0


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _instant(*values: object) -> dt.datetime | None:
    for value in values:
        try:
            found = dt.datetime.fromisoformat(_text(value))
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return None


def _entry(item: object) -> Entry:
    outer = _object(item)
    paper = _object(outer.get("paper")) or outer
    identifier = _text(paper.get("id")).strip()
    named = arxiv_ids.split(identifier)
    abstract = _text(paper.get("summary")) or _text(outer.get("summary"))
    people = paper.get("authors")
    authors = [_object(person) for person in people] if isinstance(people, list) else []
    organisation = _object(paper.get("organization")) or _object(outer.get("organization"))
    submitter = _object(paper.get("submittedOnDailyBy")) or _object(outer.get("submittedBy"))
    return Entry(
        title=_text(paper.get("title")) or _text(outer.get("title")),
        abstract=abstract,
        authors=tuple(name for person in authors if not person.get("hidden") and (name := _text(person.get("name")).strip())),
        announced_at=_instant(paper.get("submittedOnDailyAt"), paper.get("publishedAt"), outer.get("publishedAt")),
        url=f"https://huggingface.co/papers/{identifier}" if re.fullmatch(r"[\w./-]{1,64}", identifier) else "",
        pdf_url=f"https://arxiv.org/pdf/{named[0]}" if named else "",
        links=_links(paper, abstract),
        arxiv_id=named[0] if named else "",
        keywords=tuple(dict.fromkeys(_texts(paper.get("ai_keywords")))),
        upvotes=_number(paper.get("upvotes")),
        stars=_number(paper.get("githubStars")),
        submitter=_text(submitter.get("fullname")) or _text(submitter.get("user")) or _text(submitter.get("name")),
        organisation=_text(organisation.get("fullname")) or _text(organisation.get("name")),
        # The summary is arXiv's abstract, which says so too.
        withdrawn=bool(paper.get("withdrawn") or paper.get("isWithdrawn") or paper.get("withdrawnAt"))
        or is_withdrawn(abstract),
        trust=2,
    )


def _links(paper: dict[str, Any], abstract: str) -> tuple[Link, ...]:
    found: dict[str, Link] = {}
    if code := absolute(_text(paper.get("githubRepo"))):
        found[code] = Link("code", code)
    if project := absolute(_text(paper.get("projectPage"))):
        found.setdefault(project, Link("code" if kind_of(project) == "code" else "project", project))
    for link in links_in(abstract):
        found.setdefault(link.url, link)
    return tuple(found.values())
