"""The rounds' own connection to the database: one statement, one synchronous commit, never waited for.

While PostgreSQL writes a round down, the sender goes on: bodies flow, the next messages are composed over the other connection.
The statement goes straight to libpq (`psycopg.pq`): it is prepared once a run, and its answer is taken when the socket has it.
"""

import datetime as dt
import selectors
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

from digest.delivery.outcomes import Outcome
from digest.models import Delivery

# A commit whose own answer was lost may be repeated: both halves find what they did, and do it no second time. A relay's answer
# may come after the lease has run out; while nobody has claimed the delivery anew, it still settles the matter.
_ROUND = """
WITH outcome AS (
    SELECT * FROM unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::integer[],
        $9::timestamptz[], $10::boolean[]
    ) AS o (id, fence, state, reason, stage, code, reply, size, next_attempt_at, tried)
), recorded AS (
    UPDATE digest_delivery d
    SET state = o.state, reason = o.reason, stage = o.stage, reply_code = o.code, reply = o.reply,
        size = coalesce(o.size, d.size), next_attempt_at = o.next_attempt_at, lease_expires_at = NULL, claimed_by = '',
        attempts = d.attempts + (o.tried AND d.state = 'claimed')::int,
        doubts = d.doubts + (o.state = 'uncertain')::int,
        first_attempt_at = CASE WHEN o.tried THEN coalesce(d.first_attempt_at, $13::timestamptz) ELSE d.first_attempt_at END,
        finished_at = CASE WHEN o.state IN ('accepted', 'failed', 'skipped') THEN $13::timestamptz END
    FROM outcome o
    WHERE d.id = o.id AND d.fence = o.fence AND (
        d.state IN ('claimed', 'sending')
        OR (o.state IN ('accepted', 'failed') AND d.state IN ('uncertain', 'queued', 'deferred'))
    )
    RETURNING d.id, d.attempts
), told AS (
    INSERT INTO digest_attempt (delivery_id, number, ended_at, state, stage, reply_code, reply, reason, worker)
    SELECT o.id, r.attempts, $3::timestamptz, o.state, o.stage, o.code, o.reply, o.reason, ''
    FROM recorded r JOIN outcome o ON o.id = r.id
    WHERE o.tried AND o.state <> 'accepted'
), begun AS (
    UPDATE digest_delivery d
    SET state = 'sending', attempts = d.attempts + (d.state = 'claimed')::int,
        first_attempt_at = coalesce(d.first_attempt_at, $13::timestamptz),
        lease_expires_at = clock_timestamp() + $14::interval
    FROM unnest($11::bigint[], $12::bigint[]) AS b (id, fence)
    WHERE d.id = b.id AND d.fence = b.fence AND d.state IN ('claimed', 'sending')
    RETURNING d.id
)
SELECT false, id FROM recorded UNION ALL SELECT true, id FROM begun
"""

_NAME = b"round"
# Planned anew each time, a round of five messages would cost PostgreSQL twice as much.
_ONE_PLAN = b"SET plan_cache_mode = force_generic_plan"


@dataclass(frozen=True, slots=True)
class Round:
    """What one commit changed: outcomes recorded, and deliveries that are `sending` from now on."""

    recorded: frozenset[int]
    begun: frozenset[int]


class Books:
    """Commits rounds, one at a time: `begin`, then `finished` whenever `fileno` is readable."""

    def __init__(self) -> None:
        self._database = connection.copy()
        self._prepared = False
        self.busy = False

    def fileno(self) -> int:
        return int(self._libpq().socket)

    def begin(self, outcomes: Sequence[Outcome], begin: Sequence[Delivery], now: dt.datetime, lease: dt.timedelta) -> None:
        """Ask for the outcomes to be recorded and the deliveries to be marked `sending`. Raises django.db.OperationalError."""
        parameters = [
            *_columns(outcomes),
            _numbers([delivery.pk for delivery in begin]),
            _numbers([delivery.fence for delivery in begin]),
            now.isoformat().encode(),
            f"{lease.total_seconds()} seconds".encode(),
        ]
        with self._database.wrap_database_errors:
            libpq = self._libpq()
            if not self._prepared:
                libpq.send_query(_ONE_PLAN)
                _flush(libpq)
                _results(libpq)
                libpq.send_prepare(_NAME, _ROUND.encode())
                _flush(libpq)
                _results(libpq)
                self._prepared = True
            libpq.send_query_prepared(_NAME, parameters)
            _flush(libpq)
        self.busy = True

    def finished(self) -> Round | None:
        """The round, or None while the database is still at it. Raises django.db.OperationalError when it never will be."""
        with self._database.wrap_database_errors:
            libpq = self._libpq()
            libpq.consume_input()
            if libpq.is_busy():
                return None
            rows = _results(libpq)
        self.busy = False
        return Round(
            recorded=frozenset(pk for begun, pk in rows if not begun),
            begun=frozenset(pk for begun, pk in rows if begun),
        )

    def wait(self) -> Round:
        """The round, however long it takes."""
        while (done := self.finished()) is None:
            _await(self._libpq(), selectors.EVENT_READ)
        return done

    def close(self) -> None:
        """Give the connection up, with whatever it was doing; the next round opens another."""
        self._database.close()
        self._prepared = self.busy = False

    def _libpq(self) -> PGconn:
        self._database.ensure_connection()
        raw: psycopg.Connection[Any] = self._database.connection
        return raw.pgconn


def _columns(outcomes: Sequence[Outcome]) -> list[bytes]:
    """The outcomes as PostgreSQL's array literals, one for each column of `outcome`."""
    return [
        _numbers([each.delivery for each in outcomes]),
        _numbers([each.fence for each in outcomes]),
        _words([each.state for each in outcomes]),
        _words([each.reason for each in outcomes]),
        _words([each.stage for each in outcomes]),
        _numbers([each.code for each in outcomes]),
        _words([each.reply for each in outcomes]),
        _numbers([each.size for each in outcomes]),
        _words([each.next_attempt_at.isoformat() for each in outcomes]),
        _words(["t" if each.tried else "f" for each in outcomes]),
    ]


def _numbers(column: Sequence[int | None]) -> bytes:
    """An array literal of numbers."""
    return ("{" + ",".join(["NULL" if each is None else str(each) for each in column]) + "}").encode()


def _words(column: Sequence[str]) -> bytes:
    """An array literal of texts; PostgreSQL's text holds no NUL."""
    quoted = ['"' + each.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "") + '"' for each in column]
    return ("{" + ",".join(quoted) + "}").encode()


def _results(libpq: PGconn) -> list[tuple[bool, int]]:
    """The rows of everything the database answers to one request: (begun, delivery id); raises psycopg.Error."""
    rows: list[tuple[bool, int]] = []
    while (result := libpq.get_result()) is not None:
        if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
            raise psycopg.errors.error_from_result(result)
        rows += [(result.get_value(n, 0) == b"t", int(result.get_value(n, 1) or 0)) for n in range(result.ntuples)]
    return rows


def _flush(libpq: PGconn) -> None:
    while libpq.flush():
        _await(libpq, selectors.EVENT_WRITE)


def _await(libpq: PGconn, event: int) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(libpq.socket, event)
        selector.select()
