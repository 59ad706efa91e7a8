"""What happens to claims before they are settled: extended, or given back. Each statement is one round trip.

A row changes only for the worker whose claim holds it. Leases run by the database's clock alone.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import connection

_GIVE_BACK = """
UPDATE digest_delivery
SET state = CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END, claimed_by = '', lease_expires_at = NULL,
    reason = CASE WHEN %(reason)s = '' AND attempts > 0 AND reason = '' THEN 'waits for another attempt'
                  WHEN %(reason)s = '' THEN reason ELSE %(reason)s END
WHERE id = ANY(%(ids)s::bigint[]) AND claimed_by = %(worker)s AND state = 'claimed'
"""

# What a round of ours is writing down at this moment is passed over, for that sets its lease too: to wait for it, while it
# waits for a row that is renewed already, would be a deadlock.
_RENEW = """
UPDATE digest_delivery SET lease_expires_at = clock_timestamp() + %(lease)s
WHERE id IN (
    SELECT id FROM digest_delivery
    WHERE id = ANY(%(ids)s::bigint[]) AND claimed_by = %(worker)s AND state IN ('claimed', 'sending')
    FOR NO KEY UPDATE SKIP LOCKED
)
"""


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
