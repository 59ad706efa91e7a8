"""What a provider tells of a message whose fate nobody knows."""

import datetime as dt
import enum

from django.db import connection

# An answer may come while the sender that died still seems to hold the delivery, in the ledger or in its journal, or when it
# already waits to be sent once more.
_SETTLE = """
UPDATE digest_delivery
SET state = %(state)s, reason = %(reason)s, held = false, finished_at = %(now)s, claimed_by = '', lease_expires_at = NULL
WHERE {which} AND (
    state IN ('sending', 'uncertain') OR (state IN ('queued', 'deferred', 'claimed') AND doubts > 0)
    OR state = 'claimed' AND EXISTS (
        SELECT FROM digest_journalpage WHERE journal = claimed_by AND digest_delivery.id = ANY(begun)
    )
)
"""


class Told(enum.StrEnum):
    """What a provider tells of a message: that it has it, delivered it, got it back, or refused to take it from us."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REFUSED = "refused"


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
