"""What becomes of a delivery after an attempt; decided here, purely, and written down by the ledger."""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

from digest.models import Delivery
from digest.smtp import Fault, Reply, Stage, fault

PATIENCE = dt.timedelta(hours=48)
_FIRST_WAIT = dt.timedelta(minutes=5)
# A connection that ended before the envelope was looked at says nothing of the message: some relays take few over each.
_FIRST_WAIT_UNREAD = dt.timedelta(seconds=15)
_LONGEST_WAIT = dt.timedelta(hours=4)
_JITTER = 0.2
_REPLY_LENGTH = 500
_REASON_LENGTH = 200

CLOSING = 421
"""The reply by which a server ends a connection, whatever it was asked (RFC 5321, 3.8)."""

_WHOSE = {
    Fault.TIME: "not now",
    Fault.SENDER: "the sender is refused",
    Fault.MESSAGE: "the message is refused",
    Fault.MAILBOX: "the mailbox takes nothing",
    Fault.ADDRESS: "the address does not exist",
}


class Outcome(NamedTuple):
    """What to record of a delivery, under the fence of the claim that made the attempt.

    `tried` says that a server was asked, so that the attempt counts; `fault` is None unless a server refused; `next_attempt_at`
    is None where it says nothing any more.
    """

    delivery: int
    fence: int
    state: Delivery.State
    reason: str
    next_attempt_at: dt.datetime | None
    stage: str = ""
    code: int | None = None
    reply: str = ""
    size: int | None = None
    tried: bool = True
    fault: Fault | None = None


Chance = Callable[[], float]
"""A number in [0, 1), drawn only when it is needed."""


def backoff(attempts: int, chance: float, *, unread: bool = False) -> dt.timedelta:
    """How long to wait after attempt number `attempts` (from 1): 5 minutes, doubling, at most 4 hours, give or take a fifth.

    It begins with 15 seconds where the connection ended before the relay had answered MAIL (`unread`). `chance` in [0, 1)
    picks the point within the jitter, so that what failed together does not come back together.
    """
    doublings = min(max(attempts, 1) - 1, 16)
    wait = min(_LONGEST_WAIT, (_FIRST_WAIT_UNREAD if unread else _FIRST_WAIT) * (1 << doublings))
    return wait * (1 - _JITTER + 2 * _JITTER * chance)


def answered(delivery: Delivery, size: int, stage: Stage, reply: Reply, now: dt.datetime, chance: Chance) -> Outcome:
    """The server gave its last word on the message."""
    if stage is Stage.DOT and reply.positive:
        return Outcome(
            delivery=delivery.id,
            fence=delivery.fence,
            state=Delivery.State.ACCEPTED,
            reason="",
            next_attempt_at=None,
            code=reply.code,
            reply=str(reply)[:_REPLY_LENGTH],
            size=size,
        )
    blame = fault(stage, reply)
    permanent = reply.permanent and blame not in {Fault.TIME, Fault.SENDER}
    unread = stage is Stage.MAIL and reply.code == CLOSING
    state, reason, when = _again(delivery, f"{_WHOSE[blame]}: {reply}", now, chance, unread=unread)
    if permanent:
        state, reason, when = Delivery.State.FAILED, f"{_WHOSE[blame]}: {reply}"[:_REASON_LENGTH], now
    return Outcome(
        delivery=delivery.id,
        fence=delivery.fence,
        state=state,
        reason=reason,
        next_attempt_at=when,
        stage=stage.value,
        code=reply.code,
        reply=str(reply)[:_REPLY_LENGTH],
        size=size,
        fault=blame,
    )


def broken(
    delivery: Delivery, size: int, stage: Stage, why: str, now: dt.datetime, chance: Chance, settle: dt.timedelta
) -> Outcome:
    """The connection broke at `stage`: before the final dot the server has nothing, after it nobody knows."""
    if stage is Stage.DOT:
        state, reason, when = Delivery.State.UNCERTAIN, f"no answer to the final dot: {why}"[:_REASON_LENGTH], now + settle
    else:
        state, reason, when = _again(delivery, why, now, chance, unread=stage is Stage.MAIL)
    return Outcome(
        delivery=delivery.id,
        fence=delivery.fence,
        state=state,
        reason=reason,
        next_attempt_at=when,
        stage=stage.value,
        size=size,
    )


def unsendable(delivery: Delivery, why: str, now: dt.datetime) -> Outcome:
    """No server was asked, because none could be."""
    return Outcome(delivery.id, delivery.fence, Delivery.State.FAILED, why[:_REASON_LENGTH], now, tried=False)


def uncomposed(delivery: Delivery, why: str, now: dt.datetime, chance: Chance) -> Outcome:
    """The message could not be made; perhaps it can be once the fault is mended."""
    state, reason, when = _again(delivery, f"the message could not be made: {why}", now, chance)
    return Outcome(delivery.id, delivery.fence, state, reason, when)


def skipped(delivery: Delivery, why: str, now: dt.datetime) -> Outcome:
    """It must not be sent any more."""
    return Outcome(delivery.id, delivery.fence, Delivery.State.SKIPPED, why[:_REASON_LENGTH], now, tried=False)


def _again(
    delivery: Delivery, why: str, now: dt.datetime, chance: Chance, *, unread: bool = False
) -> tuple[Delivery.State, str, dt.datetime]:
    """Deferred, or failed once patience has run out."""
    first = delivery.first_attempt_at or now
    if now - first >= PATIENCE:
        return Delivery.State.FAILED, f"gave up after 48 h: {why}"[:_REASON_LENGTH], now
    return Delivery.State.DEFERRED, why[:_REASON_LENGTH], now + backoff(delivery.attempts + 1, chance(), unread=unread)
