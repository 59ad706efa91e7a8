"""The ledger's statements. Each is one round trip and, outside a transaction, one commit.

A row changes under the fence of the claim that holds it, never otherwise. Leases run by the database's clock alone.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction

from digest.models import Delivery

# What sending needs to know of a delivery; the rest is left in the database.
_FIELDS = [
    "id", "issue_id", "notice_id", "subscriber_id", "domain", "priority", "message_id",
    "attempts", "doubts", "first_attempt_at", "next_attempt_at", "fence",
]  # fmt: skip

_CLAIM = f"""
WITH ready AS (
    SELECT id FROM digest_delivery
    WHERE finished_at IS NULL AND state IN ('queued', 'deferred') AND next_attempt_at <= %(now)s AND priority <= %(priority)s
        AND domain <> ALL(%(closed)s::text[]) AND (%(only)s = '' OR domain = %(only)s)
    ORDER BY priority, next_attempt_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE digest_delivery d
SET state = 'claimed', fence = d.fence + 1, claimed_by = %(worker)s, lease_expires_at = clock_timestamp() + %(lease)s
FROM ready WHERE d.id = ready.id
RETURNING {", ".join(f"d.{name}" for name in _FIELDS)}
"""  # noqa: S608 - the columns are named above

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


def claim(
    now: dt.datetime,
    limit: int,
    worker: str,
    lease: dt.timedelta,
    *,
    closed: Collection[str] = (),
    only: str = "",
    priority: Delivery.Priority = Delivery.Priority.ISSUE,
) -> list[Delivery]:
    """Claim up to `limit` deliveries that are ready, for `lease`.

    Those to `closed` domains stay where they are; `only` names the one domain to claim for; `priority` is the last to claim.

    Raises RuntimeError inside a transaction: a claim that could be rolled back protects nothing.
    """
    parameters: dict[str, Any] = {
        "now": now,
        "limit": limit,
        "worker": worker,
        "lease": lease,
        "closed": list(closed),
        "only": only,
        "priority": priority.value,
    }
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_CLAIM, parameters)
        claimed = [Delivery.from_db("default", _FIELDS, row) for row in cursor.fetchall()]
    return sorted(claimed, key=lambda delivery: (delivery.priority, delivery.next_attempt_at, delivery.pk))


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
