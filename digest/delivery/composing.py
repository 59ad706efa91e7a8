"""From claimed deliveries to letters, so that one that cannot be made does not stop the others."""

import datetime as dt
import functools
import logging
from collections.abc import Callable, Mapping, Sequence

from django.db import Error as DatabaseError

from digest import notices
from digest.channel import Channel
from digest.issues import Reader, Rows
from digest.issues import messages_for as issue_messages_for
from digest.messages import Outgoing
from digest.models import Delivery
from digest.smtp import Letter

# Each message is looked up once, and may be made only then.
MessagesFor = Callable[[Sequence[Delivery], dt.datetime], Mapping[int, Outgoing]]

log = logging.getLogger(__name__)


class Unmade(Exception):
    """The message of a delivery could not be made; why, in words for the ledger."""


def messages_for(deliveries: Sequence[Delivery], now: dt.datetime, rows: Rows | None = None) -> Mapping[int, Outgoing]:
    """Delivery id -> message, for issues and notices alike; of `rows` that have been read, or of what is read now."""
    of_issues = [delivery for delivery in deliveries if delivery.issue_id is not None]
    of_notices = [delivery for delivery in deliveries if delivery.notice_id is not None]
    if not of_notices:
        return issue_messages_for(of_issues, now, rows)
    made: dict[int, Outgoing] = dict(issue_messages_for(of_issues, now, rows)) if of_issues else {}
    made.update(notices.messages_for(of_notices, now))
    return made


class Batch:
    """Deliveries whose contents are loaded together and whose letters are made one at a time.

    Loading costs a few queries, whatever the number; making all letters at once would keep the relay waiting.
    """

    def __init__(self, deliveries: Sequence[Delivery], now: dt.datetime, make: MessagesFor) -> None:
        self._now, self._make = now, make
        self._messages: dict[int, Mapping[int, Outgoing]] = {}
        self._unmade: dict[int, str] = {}
        self._load(deliveries)

    def __contains__(self, delivery: int) -> bool:
        return delivery in self._messages or delivery in self._unmade

    def letter(self, delivery: Delivery) -> Letter:
        """The letter of one of the deliveries. Raises Unmade, and Unsendable when no server could take it."""
        pk = delivery.id
        if pk in self._unmade:
            raise Unmade(self._unmade[pk])
        try:
            message = self._messages[pk][pk]
        except DatabaseError:
            raise
        except Exception as error:
            if isinstance(error, KeyError) and error.args == (pk,):
                raise Unmade("nothing was made for it") from error
            # A message may fail in any way a template can, and the others must go out; the log has all of it.
            log.exception("The message of delivery %s could not be made", pk)
            raise Unmade(_words(error)) from error
        return Letter(pk, message.envelope_sender, message.recipient, message.content, message.dotless)

    def _load(self, deliveries: Sequence[Delivery]) -> None:
        """Load them all; in halves when that fails, until what makes it fail stands alone."""
        try:
            messages = self._make(deliveries, self._now)
        except DatabaseError:
            raise
        except Exception as error:
            # As above: rows may hold what their readers do not expect.
            if len(deliveries) == 1:
                log.exception("The message of delivery %s could not be made", deliveries[0].pk)
                self._unmade[deliveries[0].id] = _words(error)
                return
            halves = len(deliveries) // 2
            self._load(deliveries[:halves])
            self._load(deliveries[halves:])
        else:
            self._messages.update((delivery.id, messages) for delivery in deliveries)


class Ahead:
    """Batches whose contents are read while the messages of the batch before are on their way: `begin`, then `finished`.

    What somebody else's `make` needs to know is its own affair, and is read when the batch is made.
    """

    def __init__(self, make: MessagesFor) -> None:
        self._make = make
        self._reader = Reader() if make is messages_for else None
        self._deliveries: Sequence[Delivery] = ()

    @property
    def asked(self) -> bool:
        """Whether a batch has been begun and not been taken."""
        return bool(self._deliveries)

    @property
    def channel(self) -> Channel | None:
        """Where the answer will come from, while the database owes one."""
        return self._reader.channel if self._reader is not None and self._reader.channel.busy else None

    def begin(self, deliveries: Sequence[Delivery]) -> None:
        """Read what these need. Raises django.db.OperationalError."""
        if self._reader is not None:
            self._reader.begin(deliveries)
        self._deliveries = deliveries

    def finished(self, now: dt.datetime) -> Batch | None:
        """The batch, or None while the database is still at it. Raises django.db.OperationalError."""
        make = self._make
        if self._reader is not None:
            rows = self._reader.finished()
            if rows is None:
                return None
            make = functools.partial(messages_for, rows=rows)
        deliveries, self._deliveries = self._deliveries, ()
        return Batch(deliveries, now, make)

    def close(self) -> None:
        """Forget what was begun."""
        self._deliveries = ()
        if self._reader is not None:
            self._reader.channel.close()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
