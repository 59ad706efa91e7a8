"""From claimed deliveries to letters, so that one that cannot be made does not stop the others."""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence

from django.db import Error as DatabaseError

from digest import notices
from digest.issues import messages_for as issue_messages_for
from digest.messages import Outgoing
from digest.models import Delivery
from digest.smtp import Letter, Unsendable

MessagesFor = Callable[[Sequence[Delivery], dt.datetime], Mapping[int, Outgoing]]

log = logging.getLogger(__name__)


def messages_for(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
    """Delivery id -> message, for issues and notices alike."""
    of_issues = [delivery for delivery in deliveries if delivery.issue_id is not None]
    of_notices = [delivery for delivery in deliveries if delivery.notice_id is not None]
    made: dict[int, Outgoing] = {}
    if of_issues:
        made.update(issue_messages_for(of_issues, now))
    if of_notices:
        made.update(notices.messages_for(of_notices, now))
    return made


def letters(
    deliveries: Sequence[Delivery], now: dt.datetime, make: MessagesFor
) -> tuple[dict[int, Letter], dict[int, str], dict[int, str]]:
    """Letters by delivery id; then those that could not be made now, and those that no server could take, with reasons."""
    made, unmade = _make(deliveries, now, make)
    ready: dict[int, Letter] = {}
    unsendable: dict[int, str] = {}
    for delivery in deliveries:
        message = made.get(delivery.id)
        if message is None:
            unmade.setdefault(delivery.id, "nothing was made for it")
            continue
        try:
            ready[delivery.id] = Letter(
                delivery.id, message.envelope_sender, message.recipient, message.content, message.dotless
            )
        except Unsendable as error:
            unsendable[delivery.id] = str(error)
    return ready, {pk: why for pk, why in unmade.items() if pk not in unsendable}, unsendable


def _make(deliveries: Sequence[Delivery], now: dt.datetime, make: MessagesFor) -> tuple[Mapping[int, Outgoing], dict[int, str]]:
    try:
        return make(deliveries, now), {}
    except DatabaseError:
        raise
    except Exception as error:
        # A message may fail in any way a template can, and the others must go out; the log has all of it.
        if len(deliveries) == 1:
            log.exception("The message of delivery %s could not be made", deliveries[0].pk)
            return {}, {deliveries[0].pk: f"{type(error).__name__}: {error}"}
    halves = len(deliveries) // 2
    made: dict[int, Outgoing] = {}
    unmade: dict[int, str] = {}
    for part in (deliveries[:halves], deliveries[halves:]):
        some, others = _make(part, now, make)
        made.update(some)
        unmade.update(others)
    return made, unmade
