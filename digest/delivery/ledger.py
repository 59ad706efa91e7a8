"""The ledger's statements. Each is one round trip and, outside a transaction, one commit.

A row changes under the fence of the claim that holds it, never otherwise. Leases run by the database's clock alone.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from digest.delivery.outcomes import Outcome
from digest.models import Delivery

_COLUMNS = ", ".join(f'd."{field.column}"' for field in Delivery._meta.concrete_fields)
_FIELDS = [field.attname for field in Delivery._meta.concrete_fields]

_CLAIM = f"""
WITH ready AS (
    SELECT id FROM digest_delivery
    WHERE state IN ('queued', 'deferred') AND next_attempt_at <= %(now)s AND domain <> ALL(%(closed)s::text[])
    ORDER BY priority, next_attempt_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE digest_delivery d
SET state = 'claimed', fence = d.fence + 1, claimed_by = %(worker)s, lease_expires_at = clock_timestamp() + %(lease)s
FROM ready WHERE d.id = ready.id
RETURNING {_COLUMNS}
"""  # noqa: S608 - the columns are the model's own

# A commit whose own answer was lost may be repeated: both halves find what they did, and do it no second time. A relay's answer
# may come after the lease has run out; while nobody has claimed the delivery anew, it still settles the matter.
_ROUND = """
WITH outcome AS (
    SELECT * FROM unnest(
        %(ids)s::bigint[], %(fences)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(stages)s::text[],
        %(codes)s::smallint[], %(replies)s::text[], %(sizes)s::integer[], %(next)s::timestamptz[], %(tried)s::boolean[]
    ) AS o (id, fence, state, reason, stage, code, reply, size, next_attempt_at, tried)
), recorded AS (
    UPDATE digest_delivery d
    SET state = o.state, reason = o.reason, stage = o.stage, reply_code = o.code, reply = o.reply,
        size = coalesce(o.size, d.size), next_attempt_at = o.next_attempt_at, lease_expires_at = NULL, claimed_by = '',
        attempts = d.attempts + (o.tried AND d.state = 'claimed')::int,
        doubts = d.doubts + (o.state = 'uncertain')::int,
        first_attempt_at = CASE WHEN o.tried THEN coalesce(d.first_attempt_at, %(now)s) ELSE d.first_attempt_at END,
        finished_at = CASE WHEN o.state IN ('accepted', 'failed', 'skipped') THEN %(now)s::timestamptz END
    FROM outcome o
    WHERE d.id = o.id AND d.fence = o.fence AND (
        d.state IN ('claimed', 'sending')
        OR (o.state IN ('accepted', 'failed') AND d.state IN ('uncertain', 'queued', 'deferred'))
    )
    RETURNING d.id
), begun AS (
    UPDATE digest_delivery d
    SET state = 'sending', attempts = d.attempts + (d.state = 'claimed')::int,
        first_attempt_at = coalesce(d.first_attempt_at, %(now)s),
        lease_expires_at = clock_timestamp() + %(lease)s
    FROM unnest(%(begin_ids)s::bigint[], %(begin_fences)s::bigint[]) AS b (id, fence)
    WHERE d.id = b.id AND d.fence = b.fence AND d.state IN ('claimed', 'sending')
    RETURNING d.id
)
SELECT false, id FROM recorded UNION ALL SELECT true, id FROM begun
"""

_GIVE_BACK = """
UPDATE digest_delivery
SET state = CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END, claimed_by = '', lease_expires_at = NULL,
    reason = CASE WHEN %(reason)s = '' AND attempts > 0 AND reason = '' THEN 'waits for another attempt'
                  WHEN %(reason)s = '' THEN reason ELSE %(reason)s END
WHERE id = ANY(%(ids)s::bigint[]) AND claimed_by = %(worker)s AND state = 'claimed'
"""

_RENEW = """
UPDATE digest_delivery SET lease_expires_at = clock_timestamp() + %(lease)s
WHERE id = ANY(%(ids)s::bigint[]) AND claimed_by = %(worker)s AND state IN ('claimed', 'sending')
"""


@dataclass(frozen=True, slots=True)
class Round:
    """What one commit changed: outcomes recorded, and deliveries that are `sending` from now on."""

    recorded: frozenset[int]
    begun: frozenset[int]


def claim(now: dt.datetime, limit: int, worker: str, lease: dt.timedelta, closed: Collection[str] = ()) -> list[Delivery]:
    """Claim up to `limit` deliveries that are ready, for `lease`; those to `closed` domains stay where they are.

    Raises RuntimeError inside a transaction: a claim that could be rolled back protects nothing.
    """
    parameters: dict[str, Any] = {"now": now, "limit": limit, "worker": worker, "lease": lease, "closed": list(closed)}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_CLAIM, parameters)
        claimed = [Delivery.from_db("default", _FIELDS, row) for row in cursor.fetchall()]
    return sorted(claimed, key=lambda delivery: (delivery.priority, delivery.next_attempt_at, delivery.pk))


def commit_round(outcomes: Sequence[Outcome], begin: Sequence[Delivery], now: dt.datetime, lease: dt.timedelta) -> Round:
    """Record the outcomes and mark the deliveries as `sending`, in one synchronous commit."""
    parameters: dict[str, Any] = {
        "ids": [each.delivery for each in outcomes],
        "fences": [each.fence for each in outcomes],
        "states": [each.state.value for each in outcomes],
        "reasons": [each.reason for each in outcomes],
        "stages": [each.stage for each in outcomes],
        "codes": [each.code for each in outcomes],
        "replies": [each.reply for each in outcomes],
        "sizes": [each.size for each in outcomes],
        "next": [each.next_attempt_at for each in outcomes],
        "tried": [each.tried for each in outcomes],
        "begin_ids": [delivery.pk for delivery in begin],
        "begin_fences": [delivery.fence for delivery in begin],
        "now": now,
        "lease": lease,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROUND, parameters)
        rows = cursor.fetchall()
    return Round(
        recorded=frozenset(pk for begun, pk in rows if not begun),
        begun=frozenset(pk for begun, pk in rows if begun),
    )


def give_back(deliveries: Collection[int], worker: str, reason: str) -> int:
    """Return what was claimed and never tried to where it came from; returns how many were still ours to give."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, {"ids": list(deliveries), "worker": worker, "reason": reason[:200]})
        return int(cursor.rowcount)


def renew(deliveries: Collection[int], worker: str, lease: dt.timedelta) -> int:
    """Extend the leases of what this worker still holds; returns how many it does."""
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {"ids": list(deliveries), "worker": worker, "lease": lease}
        cursor.execute(_RENEW, parameters)
        return int(cursor.rowcount)
