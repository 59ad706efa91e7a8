"""Rounds: what the relay answered, and what may be sent next, in one statement and one synchronous commit.

A round is a page of the run's journal, or a change of the ledger's rows (see `journal`).

While PostgreSQL writes a round down, the sender goes on: bodies flow, the next messages are composed.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from digest.channel import Channel, Row, Statement, numbers, words
from digest.delivery import journal
from digest.delivery.journal import Journal, Page
from digest.models import Delivery

# What begins is written as an outcome is. A commit whose own answer was lost may be repeated: it finds what it did, and does it
# no second time. A relay's answer may come after the lease has run out; while nobody has claimed the delivery anew, it still
# settles the matter.
_ROUND = """
WITH entry AS (
    {entry}
), written AS (
    UPDATE digest_delivery d
    SET state = e.state, reason = coalesce(e.reason, d.reason), stage = coalesce(e.stage, d.stage),
        reply_code = CASE WHEN e.state = 'sending' THEN d.reply_code ELSE e.code END, reply = coalesce(e.reply, d.reply),
        size = coalesce(e.size, d.size), next_attempt_at = coalesce(e.next_attempt_at, d.next_attempt_at),
        lease_expires_at = CASE WHEN e.state = 'sending' THEN clock_timestamp() + $2::interval END,
        claimed_by = CASE WHEN e.state = 'sending' THEN d.claimed_by ELSE '' END,
        attempts = d.attempts + (e.tried AND d.state = 'claimed')::int,
        doubts = d.doubts + (e.state = 'uncertain')::int,
        first_attempt_at = CASE WHEN e.tried THEN coalesce(d.first_attempt_at, $1::timestamptz) ELSE d.first_attempt_at END,
        finished_at = CASE WHEN e.state IN ('accepted', 'failed', 'skipped') THEN $1::timestamptz END
    FROM entry e
    WHERE d.id = e.id AND d.fence = e.fence AND (
        d.state IN ('claimed', 'sending')
        OR (e.state IN ('accepted', 'failed') AND d.state IN ('uncertain', 'queued', 'deferred'))
    )
    RETURNING d.id, d.state, d.attempts
){told}
SELECT state = 'sending', id FROM written
"""
_ANY = """
    SELECT * FROM unnest(
        $3::bigint[], $4::bigint[], $5::text[], $6::smallint[], $7::text[], $8::integer[],
        $9::text[], $10::text[], $11::timestamptz[], $12::boolean[]
    ) AS e (id, fence, state, code, reply, size, reason, stage, next_attempt_at, tried)"""
_TOLD = """, told AS (
    INSERT INTO digest_attempt (delivery_id, number, ended_at, state, stage, reply_code, reply, reason, worker)
    SELECT e.id, w.attempts, $1::timestamptz, e.state, e.stage, e.code, e.reply, e.reason, ''
    FROM written w JOIN entry e ON e.id = w.id
    WHERE e.tried AND e.state NOT IN ('accepted', 'sending')
)"""
_ACCEPTED_OR_SENDING = """
    SELECT *, NULL::timestamptz AS next_attempt_at, true AS tried,
        CASE WHEN state = 'accepted' THEN '' END AS reason, CASE WHEN state = 'accepted' THEN '' END AS stage
    FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::smallint[], $7::text[], $8::integer[])
        AS e (id, fence, state, code, reply, size)"""
_SOME_NOT_ACCEPTED = Statement(b"round", _ROUND.format(entry=_ANY, told=_TOLD))
# As nearly every round is; there is less to tell, and nothing of attempts that failed.
_ALL_ACCEPTED = Statement(b"round of acceptances", _ROUND.format(entry=_ACCEPTED_OR_SENDING, told=""))


@dataclass(frozen=True, slots=True)
class Round:
    """What one commit changed: outcomes recorded, and deliveries that are `sending` from now on."""

    recorded: frozenset[int]
    begun: frozenset[int]


class Books:
    """Commits rounds, one at a time: `begin`, then `finished` whenever `channel` is readable.

    With a `journal` a round that the journal takes is a page of it; any other changes the rows of the ledger.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self.channel = Channel()
        self._journal = journal
        self._page: Page | None = None
        self._lease = dt.timedelta()

    @property
    def direct(self) -> bool:
        """Whether the round under way changes rows of the ledger."""
        return self.channel.busy and self._page is None

    def begin(self, page: Page, lease: dt.timedelta) -> None:
        """Ask for the outcomes to be recorded and the deliveries to be marked `sending`. Raises django.db.OperationalError.

        Rows of the ledger that begin are leased anew for `lease`; a page of the journal leaves leases as they are.
        """
        self._lease = lease
        self._page = page if self._journal is not None and self._journal.takes(page) else None
        if self._journal is not None and self._page is not None:
            self.channel.ask(journal.WRITE, self._journal.parameters(page))
        else:
            self._enter(page)

    def finished(self) -> Round | None:
        """The round, or None while the database is still at it. Raises django.db.OperationalError when it never will be."""
        rows = self.channel.answer()
        if rows is None:
            return None
        if self._journal is None or self._page is None:
            return _round(rows)
        page, self._page = self._page, None
        if rows:
            self._journal.written(page)
            return Round(frozenset([each.delivery for each in page.outcomes]), frozenset([each.id for each in page.begun]))
        self._journal.lost()
        self._enter(page)
        return None

    def wait(self) -> Round:
        """The round, however long it takes."""
        while (done := self.finished()) is None:
            self.channel.await_answer()
        return done

    def close(self) -> None:
        self.channel.close()

    def _enter(self, page: Page) -> None:
        """Ask for the round to be entered into the ledger, each row under its fence."""
        outcomes, begin = page.outcomes, page.begun
        nothing = [None] * len(begin)
        parameters = [
            page.now.isoformat().encode(),
            f"{self._lease.total_seconds()} seconds".encode(),
            numbers([each.delivery for each in outcomes] + [each.id for each in begin]),
            numbers([each.fence for each in outcomes] + [each.fence for each in begin]),
            words([each.state for each in outcomes] + [Delivery.State.SENDING] * len(begin)),
            numbers([*(each.code for each in outcomes), *nothing]),
            words([*(each.reply for each in outcomes), *nothing]),
            numbers([*(each.size for each in outcomes), *nothing]),
        ]
        if all(each.state is Delivery.State.ACCEPTED for each in outcomes):
            self.channel.ask(_ALL_ACCEPTED, parameters)
            return
        parameters += [
            words([*(each.reason for each in outcomes), *nothing]),
            words([*(each.stage for each in outcomes), *nothing]),
            _instants([*(each.next_attempt_at for each in outcomes), *nothing]),
            words(["t" if each.tried else "f" for each in outcomes] + ["t"] * len(begin)),
        ]
        self.channel.ask(_SOME_NOT_ACCEPTED, parameters)


def _round(rows: Sequence[Row]) -> Round:
    return Round(
        recorded=frozenset([int(pk or 0) for begun, pk in rows if begun == b"f"]),
        begun=frozenset([int(pk or 0) for begun, pk in rows if begun == b"t"]),
    )


def _instants(column: Sequence[dt.datetime | None]) -> bytes:
    return ("{" + ",".join(["NULL" if each is None else f'"{each.isoformat()}"' for each in column]) + "}").encode()
