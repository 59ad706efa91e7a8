"""Messages whose fate nobody knows: what becomes of them while nobody acts, and what a provider tells of them."""

import datetime as dt
import enum

from django.db import connection, models
from django.db.models import Q

from digest.models import Delivery

MAY_HAVE_GONE = "may have been sent before the database was restored"
"""The reason of what is held after a restore."""

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


class Doubt(models.TextChoices):
    """Why an uncertain delivery waits: to be sent once more by itself, or, held, for the operator's word.

    Commands and the admin say it in these words.
    """

    RESENT = "resent", "sent once more by itself"
    OPERATOR = "operator", "held by an operator"
    TWICE = "twice", "held, for it was uncertain twice"
    RESTORED = "restored", "held, for it may have been sent before the restore"
    SETTING = "setting", "held, for UNCERTAIN_RESEND is off"

    @property
    def held(self) -> bool:
        return self is not Doubt.RESENT

    def acts(self, delivery: int | None = None) -> str:
        """Which commands act on it: on one delivery, or on all of its kind."""
        which = "--uncertain" if delivery is None else f"--uncertain --delivery {delivery}"
        once_more = f"`manage.py release {which}` sends it once more"
        if self is Doubt.RESENT:
            return f"nothing needs doing; `manage.py hold {which}` keeps it back, {once_more} at once"
        return f"nothing happens by itself; {once_more}"


def doubts(*, resend: bool) -> dict[Doubt, Q]:
    """Which of the uncertain deliveries wait for what, where UNCERTAIN_RESEND is `resend`; each is in one of them."""
    once = Q(held=False, doubts__lte=1)
    return {
        Doubt.RESENT: once if resend else Q(pk__in=[]),
        Doubt.OPERATOR: Q(held=True) & ~Q(reason=MAY_HAVE_GONE),
        Doubt.TWICE: Q(held=False, doubts__gt=1),
        Doubt.RESTORED: Q(held=True, reason=MAY_HAVE_GONE),
        Doubt.SETTING: Q(pk__in=[]) if resend else once,
    }


def doubt(delivery: Delivery, *, resend: bool) -> Doubt | None:
    """What the delivery waits for, as `doubts` has it; None when it is not uncertain."""
    if delivery.state != Delivery.State.UNCERTAIN:
        return None
    if delivery.held:
        return Doubt.RESTORED if delivery.reason == MAY_HAVE_GONE else Doubt.OPERATOR
    if delivery.doubts > 1:
        return Doubt.TWICE
    return Doubt.RESENT if resend else Doubt.SETTING


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
