"""Issues as messages: a batch of deliveries in, what the relay takes out."""

import contextlib
import datetime as dt
import functools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.conf import settings

from digest.issues.contents import Contents
from digest.issues.loading import Letter, Letters, Rows, Texts
from digest.issues.press import Press
from digest.messages import Heading, Mailbox, Outgoing, return_path, sealed, sender, transport
from digest.models import Delivery

_log = logging.getLogger(__name__)


@functools.cache
def _texts() -> Texts:
    return Texts()


@functools.cache
def _press() -> Press:
    return Press()


def forget() -> None:
    """Begin a new run: papers and templates are read again."""
    _texts.cache_clear()
    _press.cache_clear()


@functools.lru_cache(maxsize=4)
def _list_id(name: str, setting: str) -> str:
    """`Paper Round <digest.papers.example.org>` (RFC 2919): one list, whatever each reader's issue holds."""
    own = sender(setting, "DIGEST_FROM")
    return Mailbox(name, f"digest@{own.domain}").header().replace(f"digest@{own.domain}", f"digest.{own.domain}")


@functools.lru_cache(maxsize=256)
def _feedback_id(day: dt.date, cadence: str) -> str:
    return f"{day:%Y%m%d}:{cadence}:digest:paper-round"


class _Batch(Iterable[Contents]):
    """The contents of a batch, for when something is yet to be printed: most batches find everything printed."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def __iter__(self) -> Iterator[Contents]:
        for delivery in self._letters:
            # One that cannot be made fails in its own turn, not in that of whoever comes first.
            with contextlib.suppress(ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError):
                yield self._letters[delivery].contents


class Messages(Mapping[int, Outgoing]):
    """The messages of deliveries of issues, by the delivery's id, each made whenever it is looked up.

    One that cannot be composed is missing and logged with the reason, so that one reader's odd address or name costs nobody
    else the issue.
    """

    def __init__(self, deliveries: Sequence[Delivery], now: dt.datetime, rows: Rows | None = None) -> None:
        self._now = now
        self._own = sender(settings.DIGEST_FROM, "DIGEST_FROM")
        self._list_id = _list_id(settings.SITE_NAME, settings.DIGEST_FROM)
        self._press = _press()
        self._letters = Letters(deliveries, _texts(), rows)
        self._batch = _Batch(self._letters)
        self._message_ids = {each.id: each.message_id for each in deliveries if each.id in self._letters}

    def __getitem__(self, delivery: int) -> Outgoing:
        letter = self._letters[delivery]
        try:
            heading = self._heading(letter, self._message_ids[delivery])
        except ValueError as error:
            _log.error("Delivery %d cannot be composed: %s", delivery, error)
            raise KeyError(delivery) from error
        content = self._press.message(letter.contents, heading, text_only=letter.text_only, batch=self._batch)
        return Outgoing(return_path(delivery), heading.to.address, sealed(content, self._own), dotless=True)

    def _heading(self, letter: Letter, message_id: str) -> Heading:
        contents = letter.contents
        return Heading(
            self._own,
            Mailbox(letter.name, transport(letter.address)),
            self._press.subject(contents),
            self._now,
            message_id,
            contents.unsubscribe_url,
            self._list_id,
            _feedback_id(contents.date.date(), contents.cadence),
        )

    def __iter__(self) -> Iterator[int]:
        return (delivery for delivery in self._letters if delivery in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def messages_for(deliveries: Sequence[Delivery], now: dt.datetime, rows: Rows | None = None) -> Messages:
    """The message of each delivery of an issue that can be composed; `rows`: what a Reader has read, else it is read now."""
    return Messages(deliveries, now, rows)
