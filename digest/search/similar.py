"""Papers like a paper: those that share its telling words, and those near it in meaning where vectors are stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from digest import ranking
from digest.models import Paper
from digest.ranking.neighbours import neighbours, telling, words_of
from digest.search import meaning, vectors

# Words looked for, and how many papers they may bring to be weighed: rarer words first.
_WORDS = 12
_BROUGHT = 3000
_WEIGHED = 60
# What two papers share in words is heard more than how near they are in meaning; both at once count most.
_CONTENT, _MEANING = 0.6, 0.4
_FAR = 0.3
"""Cosines up to here say nothing."""
_LEAST = 0.06

_KNOWN = "SELECT word, papers FROM digest_searchword WHERE word = ANY(%s)"
_DOCUMENTS = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'digest_papersearch'::regclass"
_SHARING = """
SELECT s.paper_id FROM digest_papersearch s, (
    SELECT string_agg('(' || asked || ')', ' | ')::tsquery AS asked FROM (
        SELECT plainto_tsquery('digest_prose', word)::text AS asked FROM unnest(%(words)s::text[]) AS word) each
    WHERE asked <> '') q
WHERE s.document @@ q.asked AND s.paper_id <> ALL(%(leave)s)
ORDER BY ts_rank('{0.3, 0.3, 0, 1.0}', s.document, q.asked) DESC, s.paper_id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Similar:
    """A paper with its likeness in (0, 1], and the terms both use; none are named where only the meaning is near."""

    paper: Paper
    score: float
    shared: tuple[str, ...]


def similar(paper_id: int, limit: int = 6) -> list[Similar]:
    """The papers most like a paper, without it, without withdrawn and merged ones. Paper.DoesNotExist for an unknown id."""
    return near([paper_id], limit)


def near(papers: Sequence[int], limit: int) -> list[Similar]:
    """The papers most like these taken together. A paper that was merged counts as the one that stands for it."""
    rows = {row.pk: row for row in Paper.objects.filter(pk__in=papers)}
    missing = [paper for paper in papers if paper not in rows]
    if missing:
        raise Paper.DoesNotExist(f"There is no paper {missing[0]}.")
    stand = [paper for row in rows.values() if (paper := row.merged_into or row)]
    together = _together(stand)
    frequency, documents = _frequency(words_of(together))
    words = _within_reach(telling(together, frequency, documents, 4 * _WORDS), frequency)
    leave = [paper.pk for paper in stand]
    close = _close(leave, max(20, 2 * limit))
    brought = sorted({*_sharing(words, leave), *close})
    found = {
        row.pk: row
        for row in Paper.objects.filter(
            pk__in=brought, search__isnull=False, merged_into=None, withdrawn_at=None
        ).prefetch_related("topics")
    }
    shares = {each.paper: each for each in neighbours(together, [_plain(row) for row in found.values()], frequency, documents)}
    scored = []
    for pk, row in found.items():
        share = shares.get(pk)
        content = share.score if share else 0.0
        score = content if not close else _CONTENT * content + _MEANING * max(0.0, close.get(pk, 0.0) - _FAR) / (1 - _FAR)
        if score >= _LEAST:
            scored.append(Similar(row, round(score, 4), share.shared if share else ()))
    return sorted(scored, key=lambda each: (-each.score, -each.paper.pk))[:limit]


def _plain(row: Paper) -> ranking.Paper:
    return ranking.Paper(id=row.pk, revision=row.revision, title=row.title, abstract=row.abstract, keywords=tuple(row.keywords))


def _together(papers: Sequence[Paper]) -> ranking.Paper:
    return ranking.Paper(
        id=0,
        revision=0,
        title=". ".join(paper.title for paper in papers),
        abstract=". ".join(paper.abstract for paper in papers),
        keywords=tuple(keyword for paper in papers for keyword in paper.keywords),
    )


def _frequency(words: Sequence[str]) -> tuple[dict[str, int], int]:
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [list(words)])
        frequency = dict(cursor.fetchall())
        cursor.execute(_DOCUMENTS)
        (documents,) = cursor.fetchone()
    # The planner's count lags behind in a young database; no word is in more papers than there are.
    return frequency, max(documents, *frequency.values(), 1) if frequency else max(documents, 1)


def _within_reach(words: Sequence[str], frequency: dict[str, int]) -> list[str]:
    """The most telling words whose papers can still be weighed; one that is used nowhere else brings nothing."""
    taken: list[str] = []
    brought = 0
    for word in words:
        papers = frequency.get(word, 0)
        if papers > 1 and brought + papers <= _BROUGHT:
            taken.append(word)
            brought += papers
        if len(taken) == _WORDS:
            break
    return taken


def _sharing(words: Sequence[str], leave: Sequence[int]) -> list[int]:
    if not words:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SHARING, {"words": list(words), "leave": list(leave), "limit": _WEIGHED})
        return [paper for (paper,) in cursor.fetchall()]


def _close(papers: Sequence[int], limit: int) -> dict[int, float]:
    """The papers near these in meaning, with their cosines; empty without vectors."""
    own = list(vectors.stored(papers).values())
    if not own:
        return {}
    middle = np.sum(np.stack(own), axis=0)
    near = meaning.nearest((middle / max(float(np.linalg.norm(middle)), 1e-12)).astype(np.float32), limit + len(papers))
    return {paper: cosine for paper, cosine in near if paper not in papers and cosine > _FAR}
