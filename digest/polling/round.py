"""All sources whose hour has come, one after the other."""

import datetime as dt
import logging
from dataclasses import dataclass

from django.db import transaction

from digest.models import Source
from digest.polling import days
from digest.polling.asking import Polled, Tools, poll
from digest.polling.backfilling import backfill

log = logging.getLogger(__name__)
# A worker that dies while it polls leaves the source due again after this; no fetch, parse and store takes as long.
_LEASE = dt.timedelta(minutes=10)
_SOON = dt.timedelta(minutes=1)
_OFTEN = dt.timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Round:
    """How many sources were polled, how many of them failed, and how many papers were new."""

    polled: int = 0
    failed: int = 0
    new: int = 0


def poll_due(now: dt.datetime, tools: Tools, limit: int) -> Round:
    """Poll up to `limit` due sources, each claimed so that no other worker polls it at the same time."""
    polls: list[Polled] = []
    for _ in range(limit):
        source = _claim(now)
        if source is None:
            break
        polled = poll(source, now, tools)
        if not polled.asked:
            Source.objects.filter(pk=source.pk).update(next_poll_at=now + _SOON)
        polls.append(polled)
    return Round(
        polled=sum(each.asked for each in polls),
        failed=sum(bool(each.error) and each.asked for each in polls),
        new=sum(each.new for each in polls),
    )


def _claim(now: dt.datetime) -> Source | None:
    with transaction.atomic():
        source = Source.objects.due(now).select_for_update(skip_locked=True).first()
        if source is not None:
            source.next_poll_at = now + _LEASE
            source.save(update_fields=["next_poll_at"])
        return source


def fill_missing(now: dt.datetime, tools: Tools) -> int:
    """Notice working days that did not come and read them from the archive; returns how many were filled.

    A source whose archive fails is tried again hours later.
    """
    noticed = days.mark_missing(now)
    filled = 0
    for source in Source.objects.filter(active=True, format=Source.Format.ARXIV):
        missing = days.missing(source)
        recently = source.polls.filter(started_at__gt=now - _OFTEN, error__startswith="backfill").exists()
        if missing and not recently:
            done = backfill(source, missing[0], missing[-1], now, tools)
            filled += done.days_filled
            log.info("filled %d missing days of %s%s", done.days_filled, source.slug, f": {done.error}" if done.error else "")
    if noticed:
        log.warning("%d announcement days are newly missing", noticed)
    return filled
