"""The last message to someone whose data is gone.

It goes out at once and is written down nowhere: the queue alone knows the address, until the relay has taken the message.
"""

import datetime as dt
import logging
from collections.abc import Mapping

from celery import current_app
from kombu.exceptions import OperationalError

from digest import notices
from digest.intake import forwarding
from subscriptions import pages, signals, suppression

TASK = "digest.tasks.say_farewell"

_log = logging.getLogger(__name__)


def connect() -> None:
    """Have every erasure followed by its message, whichever process it happens in."""
    signals.erased.connect(_erased, dispatch_uid="farewell")


def say(address: str, removed: Mapping[str, int], now: dt.datetime) -> bool:
    """Tell what was removed, by `app.Model`; False for a suppressed address. Raises OSError while the relay is away."""
    if suppression.standing([suppression.mailbox_hash(address)]):
        return False
    counted = [(what if count != 1 else what.removesuffix("s"), count) for what, count in pages.counted(dict(removed))]
    forwarding.hand_over(notices.erasure(address, counted, f"{address} {now.isoformat()}", now))
    return True


def _erased(address: str, removed: Mapping[str, int], now: dt.datetime, **_: object) -> None:
    try:
        current_app.send_task(TASK, args=[address, dict(removed), now.isoformat()], retry=False)
    except OperationalError as error:
        _log.warning("The queue is away, so someone whose data was erased is not told by mail; the page told them: %s", error)
