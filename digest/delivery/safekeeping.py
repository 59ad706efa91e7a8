"""A restored or copied database mails nobody: neither who has left since, nor twice what was sent before.

What must not be forgotten is also kept in the log of who has left (`digest.safety_log`). A database that lives elsewhere than
before, or that lies behind that log, has been copied or restored. It sends nothing until an operator resumes; then the log is
replayed first, and what may have been sent already is held.
"""

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F, Q

from digest import safety_log
from digest.delivery import brakes, journal
from digest.doubts import MAY_HAVE_GONE
from digest.models import Attempt, Brake, Delivery, Home
from digest.safety_log import Line, Position
from subscriptions import mailboxes
from subscriptions.models import Consent, Request, Subscriber, Subscription, Suppression
from subscriptions.suppression import mailbox_hash

log = logging.getLogger(__name__)

# Marks are minutes apart, and what was numbered after the last one is unknown: far fewer than this.
_MARGIN = 1_000_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the log had to teach a restored database, and how many deliveries are held because they may have been sent."""

    suppressed: int = 0
    ended: int = 0
    erased: int = 0
    held: int = 0


def guard(now: dt.datetime) -> str:
    """Why this database must not send, "" when it may. Sets the brake, or appends to the log what is missing there."""
    # The log first: what is appended between the two looks would else be ahead of the database.
    known = safety_log.last()
    stands = safety_log.position(_place())
    if why := _why_not(known, stands):
        brakes.pause(why, "", now, Brake.Kind.RESTORE)
        return why
    if restored():
        return str(Brake.objects.standing().get(kind=Brake.Kind.RESTORE).why)
    _sweep(stands)
    return ""


def restored() -> bool:
    """Whether this database was found to have been restored or copied, and no operator has resumed since."""
    return Brake.objects.standing().filter(kind=Brake.Kind.RESTORE).exists()


def resume(by: str, now: dt.datetime) -> Replayed:
    """Replay the log into this database, hold what it may have sent before, make this its home, and lift every brake."""
    known = safety_log.last()
    with transaction.atomic():
        replayed = _replay(safety_log.lines(), known, now)
        if known is not None:
            _advance(known.numbers)
        Home.objects.all().delete()
        Home.objects.create(place=_place())
        brakes.resume(by, now)
    _sweep(safety_log.position(_place()))
    return replayed


def _sweep(stands: Position) -> None:
    try:
        safety_log.sweep(stands)
    except OSError:
        # Nothing is lost yet, and the next sweep tries again; the preflight tells the operator.
        log.exception("The log of who has left (SAFETY_LOG) cannot be written")


def _why_not(known: Position | None, stands: Position) -> str:
    home = Home.objects.order_by("pk").first()
    if home is None:
        Home.objects.create(place=stands.place)
    elif _elsewhere(home.place, stands.place):
        return "the database has been copied or restored: it is not where it was"
    elif len(home.place) < len(stands.place):
        # Known by more from now on.
        Home.objects.filter(pk=home.pk).update(place=stands.place)
    if known is None:
        return ""
    if any(number > stands.numbers.get(name, 0) for name, number in known.numbers.items()):
        return "the database is older than the log of who has left"
    if known.place == stands.place and known.wal > stands.wal:
        return "the database has gone back in time since the log of who has left was last marked"
    return ""


def _replay(lines: list[Line], known: Position | None, now: dt.datetime) -> Replayed:
    """The last word on each mailbox counts; whoever left one of several digests and no longer knows which has left them all."""
    lifted = {line["id"] for line in lines if line["kind"] == "lift"}
    suppressed = {
        bytes.fromhex(line["mailbox"]): line for line in lines if line["kind"] == "suppression" and line["id"] not in lifted
    }
    said = sorted((line for line in lines if line["kind"] == "consent"), key=lambda line: int(line["id"]))
    last = {bytes.fromhex(line["mailbox"]): line for line in said if line["event"] != Consent.Event.REQUESTED}
    return Replayed(
        suppressed=_suppress(suppressed, now),
        ended=_end({box: line for box, line in last.items() if line["event"] == Consent.Event.UNSUBSCRIBED}, now),
        erased=_erase({box: line for box, line in last.items() if line["event"] == Consent.Event.ERASED}),
        held=_hold(known.at if known else now, now),
    )


def _suppress(lines: Mapping[bytes, Line], now: dt.datetime) -> int:
    standing = {bytes(each) for each in Suppression.objects.standing().values_list("mailbox_hash", flat=True)}
    missing = {box: line for box, line in lines.items() if box not in standing}
    note = "replayed after a restore"
    Suppression.objects.bulk_create(
        Suppression(mailbox_hash=box, reason=line["reason"], note=note, created_at=now) for box, line in missing.items()
    )
    return len(missing)


def _end(lines: Mapping[bytes, Line], now: dt.datetime) -> int:
    live = Subscription.objects.filter(subscriber__mailbox_hash__in=list(lines), ended_at=None)
    affected = Subscriber.objects.filter(subscriptions__in=live).distinct()
    Consent.objects.bulk_create(_said_again(each, lines[bytes(each.mailbox_hash)]) for each in affected)
    return live.update(ended_at=now, next_issue_at=None, paused_until=None, ended_because="unsubscribed before the restore")


def _erase(lines: Mapping[bytes, Line]) -> int:
    erased = list(Subscriber.objects.filter(mailbox_hash__in=list(lines)))
    Consent.objects.bulk_create(_said_again(each, lines[bytes(each.mailbox_hash)], keep=False) for each in erased)
    canonical = [mailbox_hash(mailboxes.parse(each.address).canonical) for each in erased]
    Request.objects.filter(mailbox__in=canonical).delete()
    Subscriber.objects.filter(pk__in=[each.pk for each in erased]).delete()
    return len(erased)


def _said_again(subscriber: Subscriber, line: Line, *, keep: bool = True) -> Consent:
    """The record of consent of which the restored database knew nothing."""
    return Consent(
        subscriber=subscriber if keep else None,
        mailbox_hash=bytes(subscriber.mailbox_hash),
        event=line["event"],
        method="replay",
        wording="from the log of who has left, after a restore",
        wording_version="",
        at=dt.datetime.fromisoformat(line["at"]),
    )


def _hold(lived_until: dt.datetime, now: dt.datetime) -> int:
    """What was due while the lost database still lived may have been sent by it: nobody knows, so the operator decides."""
    journal.post_all()
    waiting = Delivery.objects.filter(
        state__in=[Delivery.State.QUEUED, Delivery.State.DEFERRED, Delivery.State.CLAIMED, Delivery.State.SENDING]
    )
    due = Q(issue__due_at__lte=lived_until) | Q(notice__created_at__lte=lived_until)
    held = list(waiting.filter(due).select_for_update(of=("self",)).only("pk", "attempts"))
    uncertain = Delivery.State.UNCERTAIN
    Attempt.objects.bulk_create(
        Attempt(delivery=each, number=each.attempts + 1, ended_at=now, state=uncertain, reason=MAY_HAVE_GONE) for each in held
    )
    return Delivery.objects.filter(pk__in=[each.pk for each in held]).update(
        state=uncertain,
        held=True,
        attempts=F("attempts") + 1,
        doubts=F("doubts") + 2,
        reason=MAY_HAVE_GONE,
        next_attempt_at=now,
        claimed_by="",
        lease_expires_at=None,
    )


def _advance(numbers: Mapping[str, int]) -> None:
    """Give new rows numbers that the lost database never gave: its links, return paths and Message-IDs are still out there."""
    with connection.cursor() as cursor:
        for name, number in numbers.items():
            cursor.execute(
                "SELECT setval(%(name)s::regclass, %(number)s) "
                "WHERE coalesce(pg_sequence_last_value(%(name)s::regclass), 0) <= %(known)s",
                {"name": name, "number": number + _MARGIN, "known": number},
            )


def _place() -> str:
    """Cluster, timeline, database, table, and when its files came to this disk: a dump restored anywhere, a promoted standby
    and a copy of the files each differ in one.

    No copy keeps the instant at which a file's attributes last changed. PG_VERSION is written once; only a role that may
    execute pg_stat_file(text), as a superuser may, is told of it, and for others the place has one part less.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier || ':' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) || ':' || "
            "(SELECT oid FROM pg_database WHERE datname = current_database()) || ':' || 'digest_home'::regclass::oid, "
            "has_function_privilege('pg_stat_file(text)', 'EXECUTE') FROM pg_control_system()"
        )
        place, told = cursor.fetchone()
        if told:
            # Asked apart: PostgreSQL refuses a query that names a function it would never come to call.
            cursor.execute("SELECT extract(epoch FROM (pg_stat_file('PG_VERSION')).change)::bigint")
            place = f"{place}:{cursor.fetchone()[0]}"
        return str(place)


def _elsewhere(home: str, here: str) -> bool:
    """Whether two places differ, in the parts that both of them tell."""
    return any(one != other for one, other in zip(home.split(":"), here.split(":"), strict=False))
