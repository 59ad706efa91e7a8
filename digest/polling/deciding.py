"""When to ask a source again: pure, from what is known of it and what it just answered."""

import datetime as dt
import zlib
from collections.abc import Collection
from dataclasses import dataclass

SHORTEST = dt.timedelta(minutes=30)
LONGEST = dt.timedelta(days=1)
_FIRST_RETRY = dt.timedelta(minutes=5)
_FASTER, _SLOWER = 0.75, 1.25


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of a source: `interval` by its operator, `pace` by experience, and when it asks to be left alone."""

    slug: str
    interval: dt.timedelta
    pace: dt.timedelta | None = None
    skip_days: Collection[int] = ()
    skip_hours: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Next:
    """When to ask again, and the pace to remember."""

    at: dt.datetime
    pace: dt.timedelta | None


def after_answer(habits: Habits, now: dt.datetime, new: int, retry_after: dt.timedelta | None = None) -> Next:
    """News makes us ask sooner, silence later: from a quarter of the operator's interval to four times it, a day at most."""
    pace = (habits.pace or habits.interval) * (_FASTER if new else _SLOWER)
    pace = max(pace, SHORTEST, habits.interval / 4)
    pace = min(pace, LONGEST, habits.interval * 4)
    return Next(_welcome(habits, now + max(pace, retry_after or dt.timedelta())), pace)


def after_failure(habits: Habits, now: dt.datetime, failures: int, retry_after: dt.timedelta | None = None) -> Next:
    """`failures` in a row, this one included: five minutes, then twice as long each time, a day at most.

    Spread by up to a tenth, by the source's name, so that sources that fell together do not come back together.
    """
    wait = min(_FIRST_RETRY * 2 ** min(max(failures, 1) - 1, 12), LONGEST)
    spread = 1 - (zlib.crc32(habits.slug.encode()) % 100) / 1000
    return Next(_welcome(habits, now + max(wait * spread, retry_after or dt.timedelta())), habits.pace)


def _welcome(habits: Habits, at: dt.datetime) -> dt.datetime:
    """The first instant from `at` on that the source does not ask to be skipped (days and hours in UTC)."""
    at = at.astimezone(dt.UTC)
    for _ in range(24 * 8):
        if at.weekday() not in habits.skip_days and at.hour not in habits.skip_hours:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    return at
