"""The ledger's statements. Each is one round trip and, outside a transaction, one commit.

A row changes under the fence of the claim that holds it, never otherwise. Leases run by the database's clock alone.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection, transaction

from digest.delivery.outcomes import Outcome
from digest.models import Delivery

# What sending needs to know of a delivery; the rest is left in the database.
_FIELDS = [
    "id", "issue_id", "notice_id", "subscriber_id", "domain", "priority", "message_id",
    "attempts", "doubts", "first_attempt_at", "next_attempt_at", "fence",
]  # fmt: skip

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
RETURNING {", ".join(f"d.{name}" for name in _FIELDS)}
"""  # noqa: S608 - the columns are named above

# A commit whose own answer was lost may be repeated: both halves find what they did, and do it no second time. A relay's answer
# may come after the lease has run out; while nobody has claimed the delivery anew, it still settles the matter.
_ROUND = """
WITH outcome AS (
    SELECT * FROM json_to_recordset(%(outcomes)s::json) AS o (
        id bigint, fence bigint, state text, reason text, stage text, code smallint, reply text, size integer,
        next_attempt_at timestamptz, tried boolean
    )
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
    FROM json_to_recordset(%(begin)s::json) AS b (id bigint, fence bigint)
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
    parameters = {
        "outcomes": json.dumps([_row(outcome) for outcome in outcomes]),
        "begin": json.dumps([{"id": delivery.pk, "fence": delivery.fence} for delivery in begin]),
        "now": now,
        "lease": lease,
    }
    connection.ensure_connection()
    # Straight to psycopg: this statement runs once a round, and Django's cursor would have it planned anew each time.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        rows = cursor.execute(_ROUND, parameters, prepare=True).fetchall()
    return Round(
        recorded=frozenset(pk for begun, pk in rows if not begun),
        begun=frozenset(pk for begun, pk in rows if begun),
    )


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.delivery,
        "fence": outcome.fence,
        "state": outcome.state.value,
        # PostgreSQL's text holds no NUL.
        "reason": outcome.reason.replace("\0", ""),
        "stage": outcome.stage,
        "code": outcome.code,
        "reply": outcome.reply.replace("\0", ""),
        "size": outcome.size,
        "next_attempt_at": outcome.next_attempt_at.isoformat(),
        "tried": outcome.tried,
    }


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
