"""Rounds: what the relay answered, and what may be sent next, in one statement and one synchronous commit.

While PostgreSQL writes a round down, the sender goes on: bodies flow, the next messages are composed.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from digest.delivery.channel import Channel, Row, Statement, numbers, words
from digest.delivery.outcomes import Outcome
from digest.models import Delivery

# A commit whose own answer was lost may be repeated: both halves find what they did, and do it no second time. A relay's answer
# may come after the lease has run out; while nobody has claimed the delivery anew, it still settles the matter.
_ROUND = """
WITH outcome AS (
    {outcome}
), recorded AS (
    UPDATE digest_delivery d
    SET state = o.state, reason = o.reason, stage = o.stage, reply_code = o.code, reply = o.reply,
        size = coalesce(o.size, d.size), next_attempt_at = coalesce(o.next_attempt_at, d.next_attempt_at),
        lease_expires_at = NULL, claimed_by = '',
        attempts = d.attempts + (o.tried AND d.state = 'claimed')::int,
        doubts = d.doubts + (o.state = 'uncertain')::int,
        first_attempt_at = CASE WHEN o.tried THEN coalesce(d.first_attempt_at, $3::timestamptz) ELSE d.first_attempt_at END,
        finished_at = CASE WHEN o.state IN ('accepted', 'failed', 'skipped') THEN $3::timestamptz END
    FROM outcome o
    WHERE d.id = o.id AND d.fence = o.fence AND (
        d.state IN ('claimed', 'sending')
        OR (o.state IN ('accepted', 'failed') AND d.state IN ('uncertain', 'queued', 'deferred'))
    )
    RETURNING d.id, d.attempts
), begun AS (
    UPDATE digest_delivery d
    SET state = 'sending', attempts = d.attempts + (d.state = 'claimed')::int,
        first_attempt_at = coalesce(d.first_attempt_at, $3::timestamptz),
        lease_expires_at = clock_timestamp() + $4::interval
    FROM unnest($1::bigint[], $2::bigint[]) AS b (id, fence)
    WHERE d.id = b.id AND d.fence = b.fence AND d.state IN ('claimed', 'sending')
    RETURNING d.id
){told}
SELECT false, id FROM recorded UNION ALL SELECT true, id FROM begun
"""
_ANY_OUTCOME = """
    SELECT * FROM unnest(
        $5::bigint[], $6::bigint[], $7::smallint[], $8::text[], $9::integer[],
        $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::boolean[]
    ) AS o (id, fence, code, reply, size, state, reason, stage, next_attempt_at, tried)"""
_TOLD = """, told AS (
    INSERT INTO digest_attempt (delivery_id, number, ended_at, state, stage, reply_code, reply, reason, worker)
    SELECT o.id, r.attempts, $3::timestamptz, o.state, o.stage, o.code, o.reply, o.reason, ''
    FROM recorded r JOIN outcome o ON o.id = r.id
    WHERE o.tried AND o.state <> 'accepted'
)"""
_ACCEPTED_OUTCOME = """
    SELECT id, fence, code, reply, size, 'accepted' AS state, '' AS reason, '' AS stage,
        NULL::timestamptz AS next_attempt_at, true AS tried
    FROM unnest($5::bigint[], $6::bigint[], $7::smallint[], $8::text[], $9::integer[]) AS o (id, fence, code, reply, size)"""
_SOME_NOT_ACCEPTED = Statement(b"round", _ROUND.format(outcome=_ANY_OUTCOME, told=_TOLD))
# As nearly every round is; there is less to tell, and nothing of attempts that failed.
_ALL_ACCEPTED = Statement(b"round of acceptances", _ROUND.format(outcome=_ACCEPTED_OUTCOME, told=""))


@dataclass(frozen=True, slots=True)
class Round:
    """What one commit changed: outcomes recorded, and deliveries that are `sending` from now on."""

    recorded: frozenset[int]
    begun: frozenset[int]


class Books:
    """Commits rounds, one at a time: `begin`, then `finished` whenever `channel` is readable."""

    def __init__(self) -> None:
        self.channel = Channel()

    def begin(self, outcomes: Sequence[Outcome], begin: Sequence[Delivery], now: dt.datetime, lease: dt.timedelta) -> None:
        """Ask for the outcomes to be recorded and the deliveries to be marked `sending`. Raises django.db.OperationalError."""
        parameters = [
            numbers([each.id for each in begin]),
            numbers([each.fence for each in begin]),
            now.isoformat().encode(),
            f"{lease.total_seconds()} seconds".encode(),
            numbers([each.delivery for each in outcomes]),
            numbers([each.fence for each in outcomes]),
            numbers([each.code for each in outcomes]),
            words([each.reply for each in outcomes]),
            numbers([each.size for each in outcomes]),
        ]
        if all(each.state is Delivery.State.ACCEPTED for each in outcomes):
            self.channel.ask(_ALL_ACCEPTED, parameters)
            return
        parameters += [
            words([each.state for each in outcomes]),
            words([each.reason for each in outcomes]),
            words([each.stage for each in outcomes]),
            _instants([each.next_attempt_at for each in outcomes]),
            words(["t" if each.tried else "f" for each in outcomes]),
        ]
        self.channel.ask(_SOME_NOT_ACCEPTED, parameters)

    def finished(self) -> Round | None:
        """The round, or None while the database is still at it. Raises django.db.OperationalError when it never will be."""
        rows = self.channel.answer()
        return None if rows is None else _round(rows)

    def wait(self) -> Round:
        """The round, however long it takes."""
        return _round(self.channel.wait())

    def close(self) -> None:
        self.channel.close()


def _round(rows: Sequence[Row]) -> Round:
    return Round(
        recorded=frozenset([int(pk or 0) for begun, pk in rows if begun == b"f"]),
        begun=frozenset([int(pk or 0) for begun, pk in rows if begun == b"t"]),
    )


def _instants(column: Sequence[dt.datetime | None]) -> bytes:
    return ("{" + ",".join(["NULL" if each is None else f'"{each.isoformat()}"' for each in column]) + "}").encode()
