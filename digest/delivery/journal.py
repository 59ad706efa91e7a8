"""The journal of a run: a round is one row here, and many rounds are posted to the ledger at once.

To change ten rows of the ledger twice costs PostgreSQL three times what one row here does, and a final dot waits for it. So a
run of many letters writes down in its journal what begins and what was accepted; whatever went otherwise, and every run of a
few letters, goes straight into the ledger.

Until it is posted, the ledger says `claimed` where the journal knows better. Nobody takes such a delivery away before its
lease has run out, and whoever does (`recovery`) first removes the run's journal, which waits for the page under way and lets
none follow, and then posts what the journal said. A run whose journal is gone goes on in the ledger, where fences rule.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db import connection

from digest.channel import Channel, Statement, numbers, words
from digest.delivery.outcomes import Outcome
from digest.models import Delivery

_OPEN = "INSERT INTO digest_journal (name) VALUES (%(name)s)"
_REMOVE = "DELETE FROM digest_journal WHERE name = %(name)s"
# Its row is locked so that nobody can remove the journal while a page is being written.
WRITE = Statement(
    b"page",
    """
INSERT INTO digest_journalpage
    (journal, written_at, begun, begun_fences, accepted, accepted_fences, codes, replies, sizes)
SELECT name, $2::timestamptz, $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::smallint[], $8::text[], $9::integer[]
FROM digest_journal WHERE name = $1 FOR KEY SHARE
RETURNING true
""",
)
# What began and was accepted later is accepted. What began and is on its way stays so: its outcome is yet to come. The array
# makes PostgreSQL look the rows up by number; of a join alone it believes that next to no row is `claimed`, and reads them all.
_POST = """
WITH page AS (
    DELETE FROM digest_journalpage WHERE {which} RETURNING *
), said AS (
    SELECT e.id, e.fence, 'sending' AS state, written_at, NULL::smallint AS code, NULL AS reply, NULL::integer AS size
    FROM page, unnest(begun, begun_fences) AS e (id, fence)
    UNION ALL
    SELECT e.id, e.fence, 'accepted', written_at, e.code, e.reply, e.size
    FROM page, unnest(accepted, accepted_fences, codes, replies, sizes) AS e (id, fence, code, reply, size)
), entry AS (
    SELECT DISTINCT ON (id, fence) * FROM said ORDER BY id, fence, state
)
UPDATE digest_delivery d
SET state = e.state,
    reason = CASE WHEN e.state = 'accepted' THEN '' ELSE d.reason END,
    stage = CASE WHEN e.state = 'accepted' THEN '' ELSE d.stage END,
    reply_code = coalesce(e.code, d.reply_code), reply = coalesce(e.reply, d.reply), size = coalesce(e.size, d.size),
    lease_expires_at = CASE WHEN e.state = 'sending' THEN d.lease_expires_at END,
    claimed_by = CASE WHEN e.state = 'sending' THEN d.claimed_by ELSE '' END,
    attempts = d.attempts + (d.state = 'claimed')::int,
    first_attempt_at = coalesce(d.first_attempt_at, e.written_at),
    finished_at = CASE WHEN e.state = 'accepted' THEN e.written_at END
FROM entry e
WHERE d.id = ANY (ARRAY(SELECT id FROM said)) AND d.id = e.id AND d.fence = e.fence AND d.state IN ('claimed', 'sending')
"""
_POST_ONE = Statement(b"post", _POST.format(which="journal = $1"))
_POST_REMOVED = _POST.format(which="NOT EXISTS (SELECT FROM digest_journal j WHERE j.name = journal)")
# A run lasts seconds; what has stood for an hour without holding anything was left behind.
_REMOVE_DEAD = """
DELETE FROM digest_journal j
WHERE EXISTS (
    SELECT FROM digest_delivery
    WHERE finished_at IS NULL AND state IN ('claimed', 'sending') AND claimed_by = j.name
        AND lease_expires_at < clock_timestamp()
) OR opened_at < clock_timestamp() - interval '1 hour' AND NOT EXISTS (
    SELECT FROM digest_delivery
    WHERE finished_at IS NULL AND state IN ('claimed', 'sending') AND claimed_by = j.name
)
"""

_POST_AT = 500
_POST_AFTER_SECONDS = 1.0


class Page(NamedTuple):
    """A round: what became of some deliveries, and which ones begin."""

    outcomes: Sequence[Outcome]
    begun: Sequence[Delivery]
    now: dt.datetime


class Journal:
    """The journal of the run `name`. Its pages are written by `Books`; `turn` posts them when there are enough."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.channel = Channel()
        self._name = name
        self._clock = clock
        self._open = False
        self._unposted = 0
        self._since = 0.0

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def posting(self) -> bool:
        """Whether rows of the ledger are being changed: to change them otherwise meanwhile might end in a deadlock."""
        return self.channel.busy

    @property
    def due(self) -> bool:
        """Whether enough has been written, or has waited long enough, to be posted."""
        return bool(self._unposted) and (self._unposted >= _POST_AT or self._clock() - self._since >= _POST_AFTER_SECONDS)

    def open(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, {"name": self._name})
        self._open = True

    def takes(self, page: Page) -> bool:
        """Whether a round can be a page of it: nothing went wrong, and nothing is sent once more that may be settled by now."""
        accepted = all(each.state is Delivery.State.ACCEPTED for each in page.outcomes)
        return self._open and accepted and not any(each.doubts for each in page.begun)

    def parameters(self, page: Page) -> list[bytes | None]:
        """What `WRITE` takes."""
        accepted = page.outcomes
        return [
            self._name.encode(),
            page.now.isoformat().encode(),
            numbers([each.id for each in page.begun]),
            numbers([each.fence for each in page.begun]),
            numbers([each.delivery for each in accepted]),
            numbers([each.fence for each in accepted]),
            numbers([each.code for each in accepted]),
            words([each.reply for each in accepted]),
            numbers([each.size for each in accepted]),
        ]

    def written(self, page: Page) -> None:
        """A page has been committed."""
        if not self._unposted:
            self._since = self._clock()
        self._unposted += max(len(page.outcomes), 1)

    def lost(self) -> None:
        """Someone has removed the journal, for leases of this run had run out, and posted what it said."""
        self._open, self._unposted = False, 0

    def turn(self, *, may_post: bool) -> None:
        """Take note of what has been posted, and post what is due. Raises django.db.OperationalError."""
        if self.channel.busy:
            self.channel.answer()
        elif may_post and self.due:
            self._post()

    def close(self) -> None:
        """Post all there is, and remove the journal. Raises django.db.OperationalError."""
        if self.channel.busy:
            self.channel.wait()
        if self._unposted:
            self._post()
            self.channel.wait()
        if self._open:
            with connection.cursor() as cursor:
                cursor.execute(_REMOVE, {"name": self._name})
            self._open = False

    def hang_up(self) -> None:
        """Give the connection up; what was being posted is posted or not, and is asked for again."""
        if self.channel.busy:
            self._unposted = max(self._unposted, 1)
        self.channel.close()

    def _post(self) -> None:
        self._unposted = 0
        self.channel.ask(_POST_ONE, [self._name.encode()])


def post_the_dead() -> int:
    """Remove the journals of runs whose leases have run out, and post what they said; returns how many rows that changed."""
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE_DEAD)
    return _post_removed()


def post_all() -> int:
    """Remove every journal and post what it said: after a restore every run is dead. Returns how many rows that changed."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM digest_journal")
    return _post_removed()


def _post_removed() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_POST_REMOVED)
        return int(cursor.rowcount)
