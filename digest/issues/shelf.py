"""The candidates of the last batches, kept in this process for the next one as long as the database still holds the same.

A run over many subscriptions is many batches over the same papers; reading, freezing and indexing them again for each would
cost more than ranking. Whether anything has changed is asked of the rows' versions: PostgreSQL gives a row a new `xmin` with
every change (documentation, "System Columns"), so equal fingerprints mean equal rows, whoever wrote them and however.
"""

import datetime as dt
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection, transaction

from digest import corpus, papers, ranking
from digest.issues import frozen
from digest.models import CandidateList
from digest.papers.candidates import OLDEST

_KEPT = 2
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Fingerprint = tuple[object, ...]
_shelf: OrderedDict[_Fingerprint, "Listed"] = OrderedDict()
_prepared: OrderedDict[tuple[object, ...], ranking.Prepared] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Listed:
    """Papers in the order they were listed, and the id under which they are frozen."""

    papers: Sequence[ranking.Paper]
    row_id: int

    def with_more(self, more: Iterable[ranking.Paper]) -> "Listed":
        """The same list with other papers after it, frozen as a list of its own."""
        known = {paper.id for paper in self.papers}
        longer = [*self.papers, *(paper for paper in more if paper.id not in known)]
        return Listed(longer, frozen.store_candidates(longer))


def take(start: dt.datetime, end: dt.datetime) -> Listed:
    """What may be chosen of [start, end), as `papers.candidates` has it; the same object while nothing changes."""
    fingerprint = _fingerprint(start, end)
    found = _shelf.get(fingerprint)
    if found is not None and CandidateList.objects.filter(pk=found.row_id).exists():
        _keep(_shelf, fingerprint, found)
        return found
    listed = papers.candidates(start, end).papers
    fresh = Listed(listed, frozen.store_candidates(listed))
    # Not before the commit: a row that is rolled back must not be referred to.
    transaction.on_commit(lambda: _keep(_shelf, fingerprint, fresh))
    return fresh


def prepare(listed: Listed, weights: ranking.Configuration, learned: corpus.Learned | None, now: float) -> ranking.Prepared:
    """The papers ready to be ranked; kept for the next batch that ranks the same list by the same weights and words."""
    key = (listed.row_id, weights, learned and learned.row_id)
    found = _prepared.get(key)
    if found is None:
        found = ranking.prepare(listed.papers, weights, now, learned.model if learned else None)
    _keep(_prepared, key, found)
    return found.at(now)


def _keep(shelf: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    shelf[key] = value
    shelf.move_to_end(key)
    while len(shelf) > _KEPT:
        shelf.popitem(last=False)


def _fingerprint(start: dt.datetime, end: dt.datetime) -> _Fingerprint:
    """Number and versions of every row that a candidate of [start, end) is made from."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH candidate AS (
                   SELECT id, xmin FROM digest_paper
                   WHERE listed_at >= %s AND listed_at < %s AND announced_at >= %s
                       AND withdrawn_at IS NULL AND merged_into_id IS NULL
               ), version(key) AS (
                   SELECT concat('paper', id, ':', xmin) FROM candidate
                   UNION ALL SELECT concat('topic', id, ':', xmin) FROM subscriptions_topic
                   UNION ALL SELECT concat('match', match.id, ':', match.xmin) FROM digest_papertopic match
                       JOIN candidate ON candidate.id = match.paper_id
                   UNION ALL SELECT concat('place', place.id, ':', place.xmin) FROM digest_appearance place
                       JOIN candidate ON candidate.id = place.paper_id
                   UNION ALL SELECT concat('vector', vector.id, ':', vector.xmin) FROM digest_papervector vector
                       JOIN candidate ON candidate.id = vector.paper_id
                   UNION ALL SELECT concat('pick', pick.id, ':', pick.xmin) FROM digest_pick pick
                       JOIN candidate ON candidate.id = pick.paper_id
               )
               SELECT count(*), sum(hashtextextended(key, 0)::numeric), sum(hashtextextended(key, 1)::numeric) FROM version""",
            [start, end, start - OLDEST],
        )
        row: _Fingerprint = cursor.fetchone()
        return row
