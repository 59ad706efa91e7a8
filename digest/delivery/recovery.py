"""What dead workers held, and what nobody knows."""

import datetime as dt
import enum
from dataclasses import dataclass

from django.db import connection

# `claimed` was never handed over: no final dot is written before `sending` has been committed.
_QUEUE_AGAIN = """
UPDATE digest_delivery
SET state = CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END, claimed_by = '', lease_expires_at = NULL,
    reason = CASE WHEN reason = '' AND attempts > 0 THEN 'its worker died before sending it' ELSE reason END
WHERE id IN (
    SELECT id FROM digest_delivery
    WHERE finished_at IS NULL AND state = 'claimed' AND lease_expires_at < clock_timestamp()
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
# An answer may come while the sender that died still seems to hold the delivery, or when it already waits to be sent once more.
_SETTLE = """
UPDATE digest_delivery
SET state = %(state)s, reason = %(reason)s, held = false, finished_at = %(now)s, claimed_by = '', lease_expires_at = NULL
WHERE {which} AND (
    state IN ('sending', 'uncertain') OR (state IN ('queued', 'deferred', 'claimed') AND doubts > 0)
)
"""


@dataclass(frozen=True, slots=True)
class Recovered:
    """`queued`: deliveries that wait for an attempt again; `uncertain`: newly found to be so."""

    queued: int
    uncertain: int


class Told(enum.StrEnum):
    """What a provider tells of a message: that it has it, delivered it, got it back, or refused to take it from us."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REFUSED = "refused"


def recover(now: dt.datetime, *, settle: dt.timedelta, resend: bool) -> Recovered:
    """Give back what expired leases hold, and send once more what has been uncertain for `settle`, if `resend`.

    What is uncertain twice is held for the operator: a third copy would be no better informed than the second.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE_AGAIN)
        queued = cursor.rowcount
        cursor.execute(_DOUBT, {"when": now + settle, "now": now})
        uncertain = cursor.rowcount
        if resend:
            cursor.execute(_RESEND, {"now": now})
            queued += cursor.rowcount
    return Recovered(queued, uncertain)


def settle(message: str | int, told: Told, now: dt.datetime) -> bool:
    """Take a provider's word on a message, named by its Message-ID or its delivery's number; whether it settled a doubt.

    A message that the provider has had is accepted, also when it bounced later: what the bounce means is for its own record.
    Whatever has an outcome already keeps it, so that events may come twice and in any order.
    """
    which = "message_id = %(message)s" if isinstance(message, str) else "id = %(message)s"
    refused = told is Told.REFUSED
    parameters = {
        "message": message,
        "state": "failed" if refused else "accepted",
        "reason": "the provider says that it refused the message" if refused else "",
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE.format(which=which), parameters)
        return bool(cursor.rowcount)
