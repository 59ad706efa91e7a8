"""A restored database mails nobody who has left since: what must not be forgotten is also kept outside it.

Consent, erasures and suppressions are appended to a log of keyed hashes (`SAFETY_LOG`, to be kept on another disk than the
database). A database that lives in another cluster than before, or whose sequences lie behind the log, has been copied or
restored: it sends nothing until an operator resumes, and the log is replayed first.
"""

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from digest.delivery import brakes
from digest.models import Brake, Home
from subscriptions.models import Consent, Subscriber, Subscription, Suppression

_SEQUENCES = {"consent": "subscriptions_consent_id_seq", "suppression": "subscriptions_suppression_id_seq"}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the log had to teach a restored database."""

    suppressed: int
    ended: int
    erased: int


def guard(now: dt.datetime) -> str:
    """Why this database must not send, "" when it may. Sets the brake, or appends what is new to the log."""
    why = _why_not()
    if why:
        brakes.pause(why, "", now, Brake.Kind.RESTORE)
        return why
    if not Brake.objects.standing().filter(kind=Brake.Kind.RESTORE).exists():
        append()
    return ""


def append() -> int:
    """Append what the database has learned since; returns how many lines."""
    path = Path(settings.SAFETY_LOG)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as log:
        # Several workers append; the lock makes each see what the others wrote.
        fcntl.flock(log, fcntl.LOCK_EX)
        known = _positions(_lines(path))
        lines = [*_consents(known["consent"]), *_suppressions(known["suppression"])]
        if lines:
            if log.tell() and not path.read_bytes().endswith(b"\n"):
                log.write(b"\n")
            log.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
            log.flush()
            os.fsync(log.fileno())
    return len(lines)


def resume(by: str, now: dt.datetime) -> Replayed:
    """Replay the log into this database, make this its home, and lift every brake."""
    with transaction.atomic():
        replayed = _replay(now)
        Home.objects.all().delete()
        Home.objects.create(cluster=_cluster())
        _advance(_positions(_lines(Path(settings.SAFETY_LOG))))
        brakes.resume(by, now)
    return replayed


def _why_not() -> str:
    home, cluster = Home.objects.order_by("pk").first(), _cluster()
    if home is None:
        Home.objects.create(cluster=cluster)
    elif home.cluster != cluster:
        return "the database has come here from another cluster"
    for name, position in _positions(_lines(Path(settings.SAFETY_LOG))).items():
        if position > _last(_SEQUENCES[name]):
            return "the database is older than the log of who has left"
    return ""


def _replay(now: dt.datetime) -> Replayed:
    """The last word on each mailbox counts; whoever left one of several digests and no longer knows which has left them all."""
    last: dict[bytes, str] = {}
    suppressed: dict[bytes, Mapping[str, Any]] = {}
    for line in _lines(Path(settings.SAFETY_LOG)):
        mailbox = bytes.fromhex(line["mailbox"])
        if line["kind"] == "suppression":
            suppressed[mailbox] = line
        elif line["event"] != Consent.Event.REQUESTED:
            last[mailbox] = line["event"]
    standing = {bytes(each) for each in Suppression.objects.standing().values_list("mailbox_hash", flat=True)}
    missing = {mailbox: line for mailbox, line in suppressed.items() if mailbox not in standing}
    Suppression.objects.bulk_create(
        Suppression(mailbox_hash=mailbox, reason=line["reason"], note="replayed after a restore", created_at=now)
        for mailbox, line in missing.items()
    )
    left = [mailbox for mailbox, event in last.items() if event == Consent.Event.UNSUBSCRIBED]
    ended = Subscription.objects.filter(subscriber__mailbox_hash__in=left, ended_at=None).update(
        ended_at=now, next_issue_at=None, ended_because="unsubscribed before the restore"
    )
    erased = Subscriber.objects.filter(
        mailbox_hash__in=[mailbox for mailbox, event in last.items() if event == Consent.Event.ERASED]
    )
    number = erased.count()
    erased.delete()
    return Replayed(len(missing), ended, number)


def _consents(after: int) -> Iterator[dict[str, Any]]:
    for row in Consent.objects.filter(pk__gt=after).order_by("pk").values("pk", "mailbox_hash", "event", "at"):
        yield {
            "kind": "consent",
            "id": row["pk"],
            "mailbox": bytes(row["mailbox_hash"]).hex(),
            "event": row["event"],
            "at": row["at"].isoformat(),
        }


def _suppressions(after: int) -> Iterator[dict[str, Any]]:
    rows = Suppression.objects.filter(pk__gt=after).order_by("pk").values("pk", "mailbox_hash", "reason", "created_at")
    for row in rows:
        yield {
            "kind": "suppression",
            "id": row["pk"],
            "mailbox": bytes(row["mailbox_hash"]).hex(),
            "reason": row["reason"],
            "at": row["created_at"].isoformat(),
        }


def _lines(path: Path) -> list[dict[str, Any]]:
    """The log; a last line that a crash cut short is passed over, and written anew by the next append."""
    if not path.exists():
        return []
    lines: list[dict[str, Any]] = []
    for line in path.read_bytes().split(b"\n"):
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def _positions(lines: list[dict[str, Any]]) -> dict[str, int]:
    """The highest row of each kind that the log knows."""
    known = dict.fromkeys(_SEQUENCES, 0)
    for line in lines:
        known[line["kind"]] = max(known[line["kind"]], int(line["id"]))
    return known


def _cluster() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        return str(cursor.fetchone()[0])


def _last(sequence: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(pg_sequence_last_value(%s::regclass), 0)", [sequence])
        return int(cursor.fetchone()[0])


def _advance(positions: Mapping[str, int]) -> None:
    """Number new rows behind those of the log, so that the two agree from now on."""
    with connection.cursor() as cursor:
        for name, position in positions.items():
            if position > _last(_SEQUENCES[name]):
                cursor.execute("SELECT setval(%s::regclass, %s)", [_SEQUENCES[name], position])
