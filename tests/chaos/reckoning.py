"""What a run has shown: counted from the server's journal first, then compared with the ledger."""

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What was answered to an unsubscription must hold for every message that leaves more than five seconds later.
HEEDED_WITHIN = 5.0


@dataclass(frozen=True)
class Row:
    """The ledger's word on one recipient: `attempts` are those that did not end with 250, as (state, run that died and when
    that was found).
    """

    recipient: str
    message_id: str
    state: str
    reason: str
    reply: str
    doubts: int
    attempts: Sequence[tuple[str, str]] = ()


@dataclass
class Evidence:
    """`left`: seconds since 1970 at which an unsubscription was answered, by recipient. `struck`: sending processes that a
    fault killed or stopped, or that outlived a database; `connections`: what each may have open at once."""

    journal: Sequence[Mapping[str, Any]]
    rows: Sequence[Row]
    left: Mapping[str, float]
    struck: int
    connections: int
    logged: frozenset[str] = field(default_factory=frozenset)


def reckon(evidence: Evidence) -> dict[str, Any]:
    """The report. Lists of offenders are empty when the promises hold."""
    taken: dict[str, list[Mapping[str, Any]]] = collections.defaultdict(list)
    said: dict[str, set[str]] = collections.defaultdict(set)
    for line in evidence.journal:
        recipient = line.get("recipient", "")
        if line["what"] == "taken":
            taken[recipient].append(line)
        said[recipient].add(line.get("reply", ""))
    refused = {
        line["recipient"]
        for line in evidence.journal
        if line["what"] == "refused" and line["reply"].startswith("5") and " 5.7." not in line["reply"]
    }
    states = collections.Counter(row.state for row in evidence.rows)
    excused = {row.recipient for row in evidence.rows if _excuse(row, evidence.left, refused)}
    copies = {recipient: len(lines) for recipient, lines in taken.items()}
    silent = sum(1 for line in evidence.journal if line.get("fault") == "taken, and dropped after the dot")
    unanswered = sum(1 for line in evidence.journal if line.get("fault") == "dropped after the dot, and not taken")
    doubts = sum(row.doubts for row in evidence.rows)
    died = collections.Counter(worker for row in evidence.rows for _, worker in row.attempts if worker)
    return {
        "recipients": len(evidence.rows),
        "connections": evidence.connections,
        "at the server": {
            "messages taken": sum(copies.values()),
            "recipients with a message": len(copies),
            "recipients with two or more": sum(1 for number in copies.values() if number > 1),
            "recipients refused for good": len(refused),
            "bodies cut short": sum(1 for line in evidence.journal if line["what"] == "cut"),
            "misbehaviour": dict(
                sorted(collections.Counter(line["fault"] for line in evidence.journal if line.get("fault")).items())
            ),
        },
        "in the ledger": {
            "states": dict(sorted(states.items())),
            "uncertain at some time": doubts,
            "uncertain at most": evidence.struck * evidence.connections + silent + unanswered,
            "uncertain at once, of one run that died": max(died.values(), default=0),
            "attempts that did not end with 250": sum(len(row.attempts) for row in evidence.rows),
        },
        "left during the run": len(evidence.left),
        "lost": sorted(row.recipient for row in evidence.rows if row.recipient not in copies and row.recipient not in excused),
        "duplicates that no uncertain attempt explains": sorted(
            row.recipient
            for row in evidence.rows
            if copies.get(row.recipient, 0) > 1 + sum(1 for state, _ in row.attempts if state == "uncertain")
        ),
        "incomplete messages taken": sorted(
            recipient for recipient, lines in taken.items() if not all(line["complete"] for line in lines)
        ),
        "two Message-IDs for one delivery": sorted(
            row.recipient for row in evidence.rows if {line["id"] for line in taken[row.recipient]} - {row.message_id}
        ),
        "accepted in the ledger and not at the server": sorted(
            row.recipient for row in evidence.rows if row.state == "accepted" and row.recipient not in copies
        ),
        "answered 250 and not accepted in the ledger": sorted(
            row.recipient
            for row in evidence.rows
            if row.state != "accepted" and row.doubts == 0 and any(line["written"] for line in taken[row.recipient])
        ),
        "replies in the ledger that were never given": sorted(
            row.recipient for row in evidence.rows if row.reply and row.reply not in said[row.recipient]
        ),
        "mailed after they left": sorted(
            recipient
            for recipient, when in evidence.left.items()
            if any(line["at"] > when + HEEDED_WITHIN for line in taken.get(recipient, ()))
        ),
        "left and missing in the safety log": sorted(set(evidence.left) - evidence.logged),
    }


PROMISES = (
    "lost",
    "duplicates that no uncertain attempt explains",
    "incomplete messages taken",
    "two Message-IDs for one delivery",
    "accepted in the ledger and not at the server",
    "answered 250 and not accepted in the ledger",
    "replies in the ledger that were never given",
    "mailed after they left",
    "left and missing in the safety log",
)


def broken(report: Mapping[str, Any]) -> list[str]:
    """The promises that a run has broken, by name."""
    names = [name for name in PROMISES if report[name]]
    if report["in the ledger"]["uncertain at some time"] > report["in the ledger"]["uncertain at most"]:
        names.append("uncertain at most")
    if report["in the ledger"]["uncertain at once, of one run that died"] > report["connections"]:
        names.append("uncertain at once")
    if set(report["in the ledger"]["states"]) - {"accepted", "failed", "skipped", "deferred"}:
        names.append("not settled in time")
    return names


def _excuse(row: Row, left: Mapping[str, float], refused: set[str]) -> str:
    """Why a recipient without a message is not lost."""
    if row.recipient in left and row.state == "skipped":
        return "left"
    if row.recipient in refused and row.state == "failed":
        return "refused for good"
    if row.state in {"deferred", "failed"} and row.reason.startswith(("the message could not be made", "gave up after 48 h")):
        return "poison"
    if row.state == "failed" and "SMTPUTF8" in row.reason:
        return "poison"
    return ""
