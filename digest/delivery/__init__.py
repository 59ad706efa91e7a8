"""The ledger's line, from what waits to what the relay said of it.

    queue_notices | issues.publish -> claim -> eligibility -> composing -> rounds (smtp) -> outcomes -> ledger
                                        ^                                                                 |
                                        +----------------- recover: what dead workers held <--------------+

`deliver` is called by any number of workers at once; rows, leases and fences keep them apart.
"""

import datetime as dt

from digest.delivery import recovery
from digest.delivery.composing import MessagesFor, messages_for
from digest.delivery.policy import Policy
from digest.delivery.queueing import queue_notices
from digest.delivery.recovery import Recovered
from digest.delivery.rounds import Delivered, Run
from digest.doubts import Told, settle

__all__ = ["Delivered", "Policy", "Recovered", "Told", "deliver", "queue_notices", "recover", "settle"]


def deliver(now: dt.datetime, limit: int, *, policy: Policy | None = None, make: MessagesFor = messages_for) -> Delivered:
    """Claim up to `limit` deliveries that are ready at `now`, hand them to the relay and record what became of each.

    Raises RelayUnclear when SMTP_URL cannot be understood, RuntimeError inside a transaction, and django.db.OperationalError
    when the database stays away; the leases then run out, and `recover` finds what was held.
    """
    return Run(now, limit, policy or Policy.from_settings(), make).run()


def recover(now: dt.datetime, *, policy: Policy | None = None) -> Recovered:
    """Give back what expired leases hold; what was being sent is uncertain, and sent once more or held, as the policy says."""
    policy = policy or Policy.from_settings()
    return recovery.recover(now, settle=policy.settle, resend=policy.resend)
