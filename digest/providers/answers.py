"""What a provider's answer means for the ledger: decided by what it may have done, not by the exception's name."""

import datetime as dt

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from anymail.message import AnymailStatus
from requests import ConnectionError as NotConnected
from requests import ConnectTimeout, RequestException

from digest.delivery import outcomes
from digest.delivery.outcomes import Chance, Outcome
from digest.models import Delivery
from digest.smtp import Reply, Stage

_REFUSES_US = frozenset({401, 402, 403})
_LATER = frozenset({408, 425, 429, 500, 503})


def taken(delivery: Delivery, size: int, status: AnymailStatus, now: dt.datetime, chance: Chance) -> Outcome:
    """The provider took the request. Its name for the message is kept as its last words."""
    if status.status and status.status <= {"rejected", "invalid", "failed"}:
        what = ", ".join(sorted(status.status))
        return outcomes.answered(delivery, size, Stage.DATA, Reply(550, (f"5.0.0 the provider says: {what}",)), now, chance)
    named = status.message_id if isinstance(status.message_id, str) else ""
    return outcomes.answered(
        delivery, size, Stage.DOT, Reply(250, (f"2.0.0 the provider took it as {named}".strip(),)), now, chance
    )


def refused(delivery: Delivery, size: int, error: Exception, now: dt.datetime, chance: Chance, settle: dt.timedelta) -> Outcome:
    """The provider did not take the request, or nobody knows whether it did."""
    why = " ".join(str(error).split())[:300] or type(error).__name__
    code = getattr(error, "status_code", None)
    if isinstance(error, AnymailRecipientsRefused):
        return outcomes.answered(delivery, size, Stage.DATA, Reply(550, (f"5.0.0 {why}",)), now, chance)
    if isinstance(error, RequestException) and code is None:
        # A request that never found its server did nothing; any other may have.
        never_sent = isinstance(error, ConnectTimeout) or (
            isinstance(error, NotConnected) and "NewConnectionError" in repr(error.__cause__ or error)
        )
        return outcomes.broken(delivery, size, Stage.CONNECT if never_sent else Stage.DOT, why, now, chance, settle)
    if isinstance(code, int) and code in _REFUSES_US:
        return outcomes.answered(delivery, size, Stage.MAIL, Reply(530, (f"5.7.0 {why}",)), now, chance)
    if isinstance(code, int) and code in _LATER:
        return outcomes.answered(delivery, size, Stage.DATA, Reply(451, (f"4.3.0 {why}",)), now, chance)
    if isinstance(code, int) and code >= 500:
        # A gateway gave up on the provider (502, 504): it may have taken the message all the same.
        return outcomes.broken(delivery, size, Stage.DOT, why, now, chance, settle)
    if isinstance(error, AnymailError):
        return outcomes.answered(delivery, size, Stage.DATA, Reply(554, (f"5.6.0 {why}",)), now, chance)
    return outcomes.broken(delivery, size, Stage.DOT, why, now, chance, settle)
