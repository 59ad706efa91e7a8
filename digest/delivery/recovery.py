"""What dead workers held, and what nobody knows."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from digest.delivery import journal

# `claimed` was never handed over, unless a journal says so: no final dot is written before `sending` has been committed.
_QUEUE_AGAIN = """
UPDATE digest_delivery
SET state = CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END, claimed_by = '', lease_expires_at = NULL,
    reason = CASE WHEN reason = '' AND attempts > 0 THEN 'its worker died before sending it' ELSE reason END
WHERE id IN (
    SELECT id FROM digest_delivery
    WHERE finished_at IS NULL AND state = 'claimed' AND lease_expires_at < clock_timestamp()
        AND NOT EXISTS (SELECT FROM digest_journal WHERE name = claimed_by)
        AND NOT EXISTS (SELECT FROM digest_journalpage WHERE journal = claimed_by)
    FOR UPDATE SKIP LOCKED
)
"""
_DOUBT = """
WITH expired AS (
    SELECT id, claimed_by FROM digest_delivery
    WHERE finished_at IS NULL AND state = 'sending' AND lease_expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED
), doubtful AS (
    UPDATE digest_delivery d
    SET state = 'uncertain', reason = 'its worker died while sending it', stage = 'dot', doubts = doubts + 1,
        next_attempt_at = %(when)s, claimed_by = '', lease_expires_at = NULL
    FROM expired e WHERE d.id = e.id
    RETURNING d.id, d.attempts, d.reason, e.claimed_by
)
INSERT INTO digest_attempt (delivery_id, number, ended_at, state, stage, reply, reason, worker)
SELECT id, attempts, %(now)s, 'uncertain', 'dot', '', reason, claimed_by FROM doubtful
"""
_RESEND = """
UPDATE digest_delivery
SET state = 'deferred', reason = 'sent once more, for nobody knows what became of it: ' || left(reason, 120)
WHERE id IN (
    SELECT id FROM digest_delivery
    WHERE finished_at IS NULL AND state = 'uncertain' AND doubts <= 1 AND NOT held AND next_attempt_at <= %(now)s
    FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True)
class Recovered:
    """`queued`: deliveries that wait for an attempt again; `uncertain`: newly found to be so."""

    queued: int
    uncertain: int


def recover(now: dt.datetime, *, settle: dt.timedelta, resend: bool) -> Recovered:
    """Give back what expired leases hold, and send once more what has been uncertain for `settle`, if `resend`.

    What is uncertain twice is held for the operator: a third copy would be no better informed than the second.
    """
    journal.post_the_dead()
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE_AGAIN)
        queued = cursor.rowcount
        cursor.execute(_DOUBT, {"when": now + settle, "now": now})
        uncertain = cursor.rowcount
        if resend:
            cursor.execute(_RESEND, {"now": now})
            queued += cursor.rowcount
    return Recovered(queued, uncertain)
