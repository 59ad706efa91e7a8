"""When an issue is due: slots of local time, turned into instants in UTC. Pure; the caller brings the instant.

A slot is a local date at a full hour in the subscriber's zone: every day, every week on one weekday, or on a weekday's first in
each month. Where clocks spring forward over a slot's hour, the slot moves forward by as much; where they fall back and the hour
comes twice, the first one counts, alone (PEP 495, fold=0). Slots never run backwards, so a day that a zone left out altogether
(Samoa had no 30 December 2011) falls together with the day after it.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterator

from subscriptions.models import Subscription

_DAY = dt.timedelta(days=1)
_INSTANT = dt.timedelta(microseconds=1)


def next_issue_at(cadence: str, weekday: int, hour: int, time_zone: str, after: dt.datetime) -> dt.datetime:
    """The first slot strictly after `after`, in UTC.

    `cadence` is one of `Subscription.Cadence`; `weekday`, 0 (Monday) to 6, matters to weekly and monthly ones; `hour` is 0 to
    23 in `time_zone`, an IANA name. ValueError names what it cannot use.
    """
    return min(slot for slot in _slots(cadence, weekday, hour, time_zone, after) if slot > after)


def previous_issue_at(cadence: str, weekday: int, hour: int, time_zone: str, at: dt.datetime) -> dt.datetime:
    """The latest slot that is not after `at`, in UTC; arguments and errors as for `next_issue_at`."""
    return max(slot for slot in _slots(cadence, weekday, hour, time_zone, at) if slot <= at)


def cadence_back(cadence: str, weekday: int, hour: int, time_zone: str, slot: dt.datetime, times: int = 1) -> dt.timedelta:
    """How long before `slot` the slot `times` earlier was: a week of 167 to 169 hours, a month of 28 or 35 days."""
    earlier = slot
    for _ in range(times):
        earlier = previous_issue_at(cadence, weekday, hour, time_zone, earlier - _INSTANT)
    return slot - earlier


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of an IANA name; ValueError when there is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        # OSError: names such as "America" are directories of the zone data.
        raise ValueError(
            f"{name!r} is not a time zone. It takes a name of the IANA database, for example Europe/Paris."
        ) from error


def _slots(cadence: str, weekday: int, hour: int, time_zone: str, around: dt.datetime) -> Iterator[dt.datetime]:
    """Slots in UTC, at least one on either side of `around`."""
    if around.tzinfo is None:
        raise ValueError(f"{around!r} has no time zone. Schedules take aware instants.")
    if not (0 <= weekday <= 6 and 0 <= hour <= 23):
        raise ValueError(
            f"weekday {weekday} and hour {hour} make no slot: weekdays run from 0 (Monday) to 6, hours from 0 to 23."
        )
    place = zone(time_zone)
    for date in _dates(cadence, weekday, around.astimezone(place).date()):
        yield dt.datetime.combine(date, dt.time(hour), place).astimezone(dt.UTC)


def _dates(cadence: str, weekday: int, near: dt.date) -> Iterator[dt.date]:
    """The dates of slots around `near`, two of them before and two after it, for an offset can jump by a whole day."""
    if cadence == Subscription.Cadence.DAILY:
        yield from (near + days * _DAY for days in range(-2, 4))
    elif cadence == Subscription.Cadence.WEEKLY:
        this = near + (weekday - near.weekday()) * _DAY
        yield from (this + weeks * 7 * _DAY for weeks in range(-2, 3))
    elif cadence == Subscription.Cadence.MONTHLY:
        for months in range(-2, 3):
            year, month = divmod(near.year * 12 + near.month - 1 + months, 12)
            first = dt.date(year, month + 1, 1)
            yield first + (weekday - first.weekday()) % 7 * _DAY
    else:
        raise ValueError(f"{cadence!r} is not a cadence. It takes one of: {', '.join(Subscription.Cadence.values)}.")
