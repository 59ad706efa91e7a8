"""Whose fault a refusal is."""

import pytest

from digest.smtp import Fault, Replies, Stage, fault


@pytest.mark.parametrize(
    ("stage", "reply", "expected"),
    [
        (Stage.DATA, "550 5.1.1 no such user", Fault.ADDRESS),
        (Stage.DATA, "550 User unknown", Fault.ADDRESS),
        (Stage.DATA, "550 5.7.1 User unknown, or so we say to spammers", Fault.SENDER),
        (Stage.DATA, "450 4.2.0 greylisted", Fault.TIME),
        (Stage.DATA, "451 4.7.500 server busy, unusual traffic", Fault.SENDER),
        (Stage.DATA, "552 5.2.2 mailbox full", Fault.MAILBOX),
        (Stage.DATA, "552 quota exceeded", Fault.MAILBOX),
        (Stage.DATA, "550 5.2.1 disabled", Fault.MAILBOX),
        (Stage.DATA, "554 relay access denied", Fault.SENDER),
        (Stage.DATA, "550 requested action not taken", Fault.MAILBOX),
        (Stage.DOT, "552 5.3.4 too large", Fault.MESSAGE),
        (Stage.DOT, "554 5.6.0 malformed", Fault.MESSAGE),
        (Stage.DOT, "554 this looks like spam", Fault.SENDER),
        (Stage.DOT, "554 transaction failed", Fault.MESSAGE),
        (Stage.MAIL, "550 5.1.8 bad sender", Fault.SENDER),
        (Stage.MAIL, "450 4.3.2 later", Fault.TIME),
        (Stage.CONNECT, "554 go away", Fault.SENDER),
    ],
)
def test_it_is_not_judged_by_its_first_digit(stage: Stage, reply: str, expected: Fault) -> None:
    (read,) = Replies().feed(reply.encode() + b"\r\n")
    assert fault(stage, read) is expected
