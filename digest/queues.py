"""How many tasks wait in the broker, and since when the oldest of each queue does.

Celery's messages carry no time of their own, so whoever publishes one writes it into the headers (Celery's signal
`before_task_publish`). On Redis a queue is a list: new messages are pushed on its left, and taken from its right.
"""

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis
from celery.signals import before_task_publish

QUEUES = ("send", "ingest")
HEADER = "published_at"


@dataclass(frozen=True, slots=True)
class Standing:
    """How many tasks wait, and when the oldest was published; None for an empty queue or a message without a time."""

    length: int
    since: dt.datetime | None


@before_task_publish.connect
def stamp(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Write the time into a message, in seconds since 1970."""
    if headers is not None:
        headers[HEADER] = time.time()


def standing(url: str, patience: float) -> Mapping[str, Standing]:
    """Each queue of the broker; raises redis.RedisError or OSError when it does not answer within `patience` seconds."""
    with redis.Redis.from_url(url, socket_connect_timeout=patience, socket_timeout=patience) as client:
        return {queue: Standing(int(str(client.llen(queue))), _since(client.lindex(queue, -1))) for queue in QUEUES}


def _since(message: object) -> dt.datetime | None:
    if not isinstance(message, bytes | str):
        return None
    try:
        written = json.loads(message)["headers"][HEADER]
        return dt.datetime.fromtimestamp(float(written), dt.UTC)
    except (ValueError, KeyError, TypeError):
        return None
