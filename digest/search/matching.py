"""The papers that hold the words, best first."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from digest.search.asking import Filters
from digest.search.lexing import Lexed

HEAD = 400
"""So many papers are put in order and can be paged through; a search that finds more is better narrowed."""
COUNTED = 1000
"""Matches are counted up to here."""
# Where so many papers can be expected, titles are looked through first: enough of those are about it.
_COMMON = 4000
# Papers that hold some of the words are looked for by the rarest words that together are in no more than this many.
_LOOKED_AT = 3000
# What a word counts in the abstract, among the authors, among key terms and topics, and in the title.
WEIGHTS = "{0.1, 0.6, 0.5, 1.0}"

_Value = str | int | dt.datetime | list[int]
# Papers are joined when the best are known, unless a filter needs them before.
_FIND = """
SELECT best.paper_id, best.rank, p.announced_at FROM (
    SELECT s.paper_id, ts_rank(%(weights)s, s.{column}, %(ranked)s::tsquery) AS rank FROM digest_papersearch s {join}
    WHERE s.{column} @@ %(query)s::tsquery {filters}
    ORDER BY rank DESC, s.paper_id DESC LIMIT %(limit)s
) best JOIN digest_paper p ON p.id = best.paper_id ORDER BY best.rank DESC, best.paper_id DESC
"""
_COUNT = """
SELECT count(*) FROM (SELECT 1 FROM digest_papersearch s {join}
WHERE s.document @@ %(query)s::tsquery {filters} LIMIT %(limit)s) counted
"""
_NEWEST = """
SELECT p.id, 0::float8, p.announced_at FROM digest_paper p JOIN digest_papersearch s ON s.paper_id = p.id
WHERE true {filters} ORDER BY p.announced_at DESC, p.id DESC LIMIT %(limit)s
"""
_PASSING = """
SELECT p.id FROM digest_paper p JOIN digest_papersearch s ON s.paper_id = p.id
WHERE p.id = ANY(%(papers)s) {condition} {filters}
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A paper that holds the words: `rank` is PostgreSQL's, above 0."""

    paper: int
    rank: float
    announced_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Matched:
    """The best HEAD papers, and how many there are in all, counted up to COUNTED."""

    papers: tuple[Found, ...]
    total: int
    at_least: bool


def every(lexed: Lexed, filters: Filters) -> Matched:
    """Papers that hold all that is asked for; the newest that pass the filters when no words are."""
    if not lexed.conditions:
        return _newest(filters)
    if not lexed.every:
        return _matched(lexed.conditions, filters)
    if lexed.expected >= _COMMON and not lexed.author:
        in_titles = _find(lexed.conditions, filters, HEAD, column="title")
        if len(in_titles) == HEAD:
            total = _count(lexed.conditions, filters)
            return Matched(in_titles, total, at_least=total > COUNTED)
    return _matched(lexed.conditions, filters)


def some(lexed: Lexed, filters: Filters, limit: int) -> tuple[Found, ...]:
    """Papers that hold part of what is asked for, those with the rarest and most parts first."""
    if len(lexed.choices) < 2:
        return ()
    rarest: list[str] = []
    looked_at = 0
    for choice in sorted(lexed.choices, key=lambda choice: choice.papers):
        if rarest and looked_at + choice.papers > _LOOKED_AT:
            break
        rarest.append(choice.asked)
        looked_at += choice.papers
    condition = " & ".join(f"({part})" for part in (" | ".join(rarest), lexed.unwanted, lexed.author) if part)
    return _find(condition, filters, limit, ranked=lexed.any_)


def passing(papers: Iterable[int], lexed: Lexed, filters: Filters) -> set[int]:
    """Those of the papers that can be found, pass the filters and hold nothing unwanted."""
    unwanted = " & ".join(filter(None, (lexed.unwanted, lexed.author)))
    condition = "AND s.document @@ %(unwanted)s::tsquery" if unwanted else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _PASSING.format(condition=condition, filters=_where(filters)),
            _values(filters, papers=list(papers), unwanted=unwanted),
        )
        return {paper for (paper,) in cursor.fetchall()}


def _matched(condition: str, filters: Filters) -> Matched:
    papers = _find(condition, filters, HEAD)
    if len(papers) < HEAD:
        return Matched(papers, len(papers), at_least=False)
    total = _count(condition, filters)
    return Matched(papers, total, at_least=total > COUNTED)


def _find(condition: str, filters: Filters, limit: int, column: str = "document", ranked: str = "") -> tuple[Found, ...]:
    """The best `limit` papers that satisfy a condition, by how well they hold it, or `ranked`."""
    with connection.cursor() as cursor:
        cursor.execute(
            _FIND.format(column=column, join=_join(filters), filters=_where(filters)),
            _values(filters, query=condition, ranked=ranked or condition, weights=WEIGHTS, limit=limit),
        )
        return tuple(Found(*row) for row in cursor.fetchall())


def _count(condition: str, filters: Filters) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT.format(join=_join(filters), filters=_where(filters)), _values(filters, query=condition, limit=COUNTED + 1)
        )
        (total,) = cursor.fetchone()
    return int(total)


def _newest(filters: Filters) -> Matched:
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST.format(filters=_where(filters)), _values(filters, limit=HEAD))
        papers = tuple(Found(*row) for row in cursor.fetchall())
    return Matched(papers, len(papers), at_least=len(papers) == HEAD)


def _join(filters: Filters) -> str:
    return "JOIN digest_paper p ON p.id = s.paper_id" if _where(filters) else ""


def _where(filters: Filters) -> str:
    """Conditions on `p`, whose values `_values` names."""
    parts = []
    if filters.topic:
        parts.append(
            "AND EXISTS (SELECT 1 FROM digest_papertopic pt JOIN subscriptions_topic t ON t.id = pt.topic_id"
            " WHERE pt.paper_id = p.id AND t.slug = %(topic)s)"
        )
    if filters.since:
        parts.append("AND p.announced_at >= %(since)s")
    if filters.until:
        parts.append("AND p.announced_at < %(until)s")
    return " ".join(parts)


def _values(filters: Filters, **more: _Value) -> dict[str, _Value]:
    midnight = dt.time(tzinfo=dt.UTC)
    values: dict[str, _Value] = {"topic": filters.topic, **more}
    if filters.since:
        values["since"] = dt.datetime.combine(filters.since, midnight)
    if filters.until:
        day_after = filters.until + dt.timedelta(days=1) if filters.until < dt.date.max else filters.until
        values["until"] = dt.datetime.combine(day_after, midnight)
    return values
