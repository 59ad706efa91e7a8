"""The log of who has left, kept outside the database as keyed hashes (`SAFETY_LOG`), so that a restored database can be told.

Unsubscriptions, erasures and suppressions are appended and reach the disk right after their commit, before the answer leaves;
`sweep` appends whatever else the database has recorded, and what a crash between a commit and its line has left out. Each line
is one JSON object:

    {"kind": "consent", "id", "mailbox", "event", "at"}        {"kind": "suppression", "id", "mailbox", "reason", "at"}
    {"kind": "lift", "id", "mailbox", "at"}                    of a suppression
    {"kind": "mark", "at", "place", "wal", "numbers", "complete"}

A mark says how far the database had come at `at`: its position in the write-ahead log, the last number given in each of
NUMBERED, and the numbers of consent and suppression up to which this file lacks nothing.
"""

import datetime as dt
import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.signals import post_save

from subscriptions.models import Consent, Suppression

_log = logging.getLogger(__name__)

Line = dict[str, Any]

_SEQUENCES = {"consent": "subscriptions_consent_id_seq", "suppression": "subscriptions_suppression_id_seq"}
# What is numbered and named in links, return paths or Message-IDs: a number given twice would lead to somebody else.
NUMBERED = (
    *_SEQUENCES.values(),
    "subscriptions_subscriber_id_seq",
    "subscriptions_subscription_id_seq",
    "subscriptions_interest_id_seq",
    "subscriptions_notice_id_seq",
    "digest_paper_id_seq",
    "digest_issue_id_seq",
    "digest_delivery_id_seq",
)
_MARK_EVERY = dt.timedelta(minutes=5)
# A number is given before its row is committed. No transaction of ours lasts so long, so that older numbers are all settled.
_LONGEST_TRANSACTION = dt.timedelta(minutes=15)
_AT_ONCE = {Consent.Event.UNSUBSCRIBED, Consent.Event.ERASED}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a database stands: its clock, its place (see `safekeeping`), octets of write-ahead log, the last numbers given."""

    at: dt.datetime
    place: str
    wal: int
    numbers: Mapping[str, int]


def connect() -> None:
    """Have every departure logged as it is committed; called once, when the models are ready."""
    post_save.connect(_consented, sender=Consent, dispatch_uid="safety-log-consent")
    post_save.connect(_suppressed, sender=Suppression, dispatch_uid="safety-log-suppression")


def append(new: Sequence[Line]) -> None:
    """Append lines and wait until they are on the disk. Raises OSError when they cannot be."""
    with _locked() as log:
        _write(log, new)


def lines() -> list[Line]:
    """The whole log; a line that a crash cut short is passed over."""
    path = Path(settings.SAFETY_LOG)
    return list(_parse(path.read_bytes())) if path.exists() else []


def sweep(position: Position) -> int:
    """Append what the database knows and the log does not, and now and then a mark; returns how many lines were missing.

    Raises OSError when the log cannot be written.
    """
    with _locked() as log:
        tail = _tail()
        missing = [*_consents(tail), *_suppressions(tail)]
        new = list(missing)
        if tail.last is None or tail.last.place != position.place or position.at - tail.last.at >= _MARK_EVERY:
            _flush()
            new.append(_mark(position, tail.settled(position.at)))
        _write(log, new)
    return len(missing)


def last() -> Position | None:
    """The last mark, with the numbers of later lines counted in; None when there is none."""
    tail = _tail()
    if tail.last is None:
        return None
    numbers = dict(tail.last.numbers)
    for kind, sequence in _SEQUENCES.items():
        numbers[sequence] = max(numbers.get(sequence, 0), tail.highest[kind])
    return Position(tail.last.at, tail.last.place, tail.last.wal, numbers)


def position(place: str) -> Position:
    """Where the database stands now."""
    with connection.cursor() as cursor:
        # What is flushed survives a crash of the machine; what is merely written may not, and would look like a restore.
        cursor.execute("SELECT clock_timestamp(), pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')")
        at, wal = cursor.fetchone()
        cursor.execute(
            "SELECT name, coalesce(pg_sequence_last_value(name::regclass), 0) FROM unnest(%s::text[]) AS name", [[*NUMBERED]]
        )
        return Position(at, place, int(wal), dict(cursor.fetchall()))


def _flush() -> None:
    """Have everything that the position counted reach the disk: a number that a crash takes back would look like a restore.

    A number is in the write-ahead log before its row is committed, and only a commit makes sure that the log is on the disk.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_logical_emit_message(true, 'paper-round', 'mark')")


@dataclass
class _Tail:
    """What this process has read of the log so far, and how far that is; numbers that `complete` covers are forgotten."""

    path: Path
    file: tuple[int, int] = (0, 0)
    offset: int = 0
    last: Position | None = None
    complete: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_SEQUENCES, 0))
    highest: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_SEQUENCES, 0))
    known: dict[str, set[int]] = field(default_factory=lambda: {kind: set() for kind in _SEQUENCES})
    marks: list[Position] = field(default_factory=list)

    def read_on(self) -> None:
        """Take in what has been appended since, whole lines alone."""
        with self.path.open("rb") as log:
            log.seek(self.offset)
            octets = log.read()
        whole = octets[: octets.rfind(b"\n") + 1]
        self.offset += len(whole)
        for line in _parse(whole):
            self._take(line)

    def settled(self, now: dt.datetime) -> dict[str, int]:
        """Up to which numbers the log lacks nothing, once what a sweep has found missing is in it."""
        old = [mark for mark in self.marks if now - mark.at >= _LONGEST_TRANSACTION]
        if not old:
            return self.complete
        return {kind: max(self.complete[kind], old[-1].numbers.get(name, 0)) for kind, name in _SEQUENCES.items()}

    def _take(self, line: Line) -> None:
        kind = line["kind"]
        if kind in _SEQUENCES:
            self.highest[kind] = max(self.highest[kind], int(line["id"]))
            if line["id"] > self.complete[kind]:
                self.known[kind].add(line["id"])
        elif kind == "mark":
            self.last = Position(dt.datetime.fromisoformat(line["at"]), line["place"], line["wal"], line["numbers"])
            self.marks = [*self.marks[-9:], self.last]
            self.complete = dict(line["complete"])
            for each, known in self.known.items():
                self.known[each] = {number for number in known if number > self.complete[each]}


_tails: dict[Path, _Tail] = {}


def _tail() -> _Tail:
    """What the log says, read on from where this process stopped; from its start when it is another file now."""
    path = Path(settings.SAFETY_LOG)
    if not path.exists():
        _tails.pop(path, None)
        return _Tail(path)
    status = path.stat()
    file = (status.st_dev, status.st_ino)
    tail = _tails.get(path)
    if tail is None or tail.file != file or status.st_size < tail.offset:
        tail = _tails[path] = _Tail(path, file)
    tail.read_on()
    return tail


@contextmanager
def _locked() -> Iterator[IO[bytes]]:
    """The log, open for appending by this process alone: several append, and each must see what the others wrote."""
    path = Path(settings.SAFETY_LOG)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Unbuffered: what could not be written is not kept for a second try when the file is closed.
    with path.open("ab", buffering=0) as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        yield log


def _write(log: IO[bytes], new: Sequence[Line]) -> None:
    if not new:
        return
    octets = b"".join(json.dumps(line).encode() + b"\n" for line in new)
    # A line that a crash or a full disk cut short is ended, so that it spoils nothing but itself.
    whole = log.tell() == 0 or _last_octet(Path(settings.SAFETY_LOG)) == b"\n"
    octets = octets if whole else b"\n" + octets
    while octets:
        octets = octets[log.write(octets) :]
    os.fsync(log.fileno())


def _last_octet(path: Path) -> bytes:
    with path.open("rb") as log:
        log.seek(-1, os.SEEK_END)
        return log.read(1)


def _parse(octets: bytes) -> Iterator[Line]:
    for line in octets.split(b"\n"):
        try:
            parsed = json.loads(line)
        except ValueError:
            continue
        if isinstance(parsed, dict) and "kind" in parsed:
            yield parsed


def _consented(instance: Consent, created: bool, **_: object) -> None:
    if created and instance.event in _AT_ONCE:
        _at_once(_consent(instance))


def _suppressed(instance: Suppression, created: bool, **_: object) -> None:
    if created:
        _at_once(_suppression(instance))
    elif instance.lifted_at is not None:
        mailbox = bytes(instance.mailbox_hash).hex()
        _at_once({"kind": "lift", "id": instance.pk, "mailbox": mailbox, "at": instance.lifted_at.isoformat()})


def _at_once(line: Line) -> None:
    """Append the line once its event is committed. The event stands whatever becomes of its line: the sweep tries again."""

    def keep() -> None:
        try:
            append([line])
        except OSError:
            _log.exception("The log of who has left (SAFETY_LOG) cannot be written; the next sweep tries again")

    transaction.on_commit(keep)


def _consents(tail: _Tail) -> Iterator[Line]:
    rows = Consent.objects.filter(pk__gt=tail.complete["consent"]).order_by("pk")
    ids = [pk for pk in rows.values_list("pk", flat=True) if pk not in tail.known["consent"]]
    yield from map(_consent, Consent.objects.filter(pk__in=ids).order_by("pk"))


def _suppressions(tail: _Tail) -> Iterator[Line]:
    rows = Suppression.objects.filter(pk__gt=tail.complete["suppression"]).order_by("pk")
    ids = [pk for pk in rows.values_list("pk", flat=True) if pk not in tail.known["suppression"]]
    yield from map(_suppression, Suppression.objects.filter(pk__in=ids).order_by("pk"))


def _consent(row: Consent) -> Line:
    mailbox = bytes(row.mailbox_hash).hex()
    return {"kind": "consent", "id": row.pk, "mailbox": mailbox, "event": str(row.event), "at": row.at.isoformat()}


def _suppression(row: Suppression) -> Line:
    mailbox = bytes(row.mailbox_hash).hex()
    at = row.created_at.isoformat()
    return {"kind": "suppression", "id": row.pk, "mailbox": mailbox, "reason": str(row.reason), "at": at}


def _mark(position: Position, complete: Mapping[str, int]) -> Line:
    return {
        "kind": "mark",
        "at": position.at.isoformat(),
        "place": position.place,
        "wal": position.wal,
        "numbers": dict(position.numbers),
        "complete": dict(complete),
    }
