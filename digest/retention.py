"""What is not needed for ever goes, a few thousand rows at a time, so that nothing waits for it."""

import datetime as dt
from collections.abc import Mapping

from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet

from digest.models import Delivery, Poll
from subscriptions.models import Notice

ROWS = 2000
"""Rows a statement removes; with their dependants each takes a fraction of a second."""
ROUNDS = 500

_FINAL = (Delivery.State.ACCEPTED, Delivery.State.FAILED, Delivery.State.SKIPPED)


def prune(now: dt.datetime, days: Mapping[str, int]) -> dict[str, int]:
    """Remove polls, finished deliveries, notices (and with them their links) and sessions that are older than `days` says.

    Returns how many rows of each went; a kind with 0 days is kept for ever. Issues stay: they are their readers' archive.
    At most ROWS * ROUNDS rows of a kind a call; the next call goes on.
    """
    wanted: dict[str, QuerySet[Model]] = {
        "polls": Poll.objects.filter(started_at__lt=_before(now, days["polls"])),
        "deliveries": Delivery.objects.filter(state__in=_FINAL, finished_at__lt=_before(now, days["deliveries"])),
        "notices": Notice.objects.filter(Q(expires_at__lt=_before(now, days["notices"]))),
        "sessions": Session.objects.filter(expire_date__lt=now),
    }
    return {kind: _remove(rows) for kind, rows in wanted.items() if days.get(kind, 1)}


def _before(now: dt.datetime, days: int) -> dt.datetime:
    return now - dt.timedelta(days=days)


def _remove(rows: QuerySet[Model]) -> int:
    removed = 0
    for _ in range(ROUNDS):
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:ROWS])
        if not keys:
            break
        rows.model._default_manager.filter(pk__in=keys).delete()
        removed += len(keys)
    return removed
