"""A reckoning that could not find a fault would prove nothing: each broken promise is found, and what is excused is not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.reckoning import Evidence, Row, broken, reckon

ROW = Row("ada@example.org", "<1@example.org>", "accepted", "", "250 2.0.0 queued as 1", 0)
TAKEN: Mapping[str, Any] = {
    "at": 100.0, "what": "taken", "recipient": "ada@example.org", "id": "<1@example.org>", "complete": True, "octets": 9,
    "reply": "250 2.0.0 queued as 1", "written": True, "fault": "",
}  # fmt: skip
REFUSED: Mapping[str, Any] = {**TAKEN, "what": "refused", "complete": False, "reply": "550 5.1.1 user unknown"}
GOOD = Evidence([TAKEN], [ROW], {}, 0, 10)


def judged(evidence: Evidence) -> list[str]:
    return broken(reckon(evidence))


def test_a_message_that_arrived_once_keeps_every_promise() -> None:
    assert judged(GOOD) == []


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (lambda e: replace(e, journal=[]), "lost"),
        (lambda e: replace(e, journal=[TAKEN, TAKEN]), "duplicates that no uncertain attempt explains"),
        (lambda e: replace(e, journal=[{**TAKEN, "complete": False}]), "incomplete messages taken"),
        (lambda e: replace(e, journal=[{**TAKEN, "id": "<2@example.org>"}]), "two Message-IDs for one delivery"),
        (lambda e: replace(e, journal=[]), "accepted in the ledger and not at the server"),
        (lambda e: replace(e, rows=[replace(ROW, state="failed")]), "answered 250 and not accepted in the ledger"),
        (lambda e: replace(e, rows=[replace(ROW, reply="250 made up")]), "replies in the ledger that were never given"),
        (lambda e: replace(e, left={"ada@example.org": 90.0}), "mailed after they left"),
        (lambda e: replace(e, left={"ada@example.org": 99.0}), "left and missing in the safety log"),
        (lambda e: replace(e, rows=[replace(ROW, doubts=1)]), "uncertain at most"),
        (lambda e: replace(e, rows=[replace(ROW, attempts=[("uncertain", "w")] * 11)]), "uncertain at once"),
        (lambda e: replace(e, rows=[replace(ROW, state="queued")]), "not settled in time"),
    ],
)
def test_a_broken_promise_is_found(change: Callable[[Evidence], Evidence], promise: str) -> None:
    assert promise in judged(change(GOOD))


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence([TAKEN, TAKEN], [replace(ROW, doubts=1, attempts=[("uncertain", "w")])], {}, 1, 10),
        Evidence([REFUSED], [replace(ROW, state="failed", reply="550 5.1.1 user unknown")], {}, 0, 10),
        Evidence(
            [], [replace(ROW, state="skipped", reply="")], {"ada@example.org": 1.0}, 0, 10, frozenset({"ada@example.org"})
        ),
        Evidence([], [replace(ROW, state="deferred", reply="", reason="the message could not be made: KeyError")], {}, 0, 10),
        Evidence([], [replace(ROW, state="failed", reply="", reason="the address needs SMTPUTF8")], {}, 0, 10),
    ],
    ids=["a doubt explains the copy", "refused for good", "left", "cannot be made", "no server takes the address"],
)
def test_what_is_excused_is_not_held_against_us(evidence: Evidence) -> None:
    assert judged(evidence) == []
