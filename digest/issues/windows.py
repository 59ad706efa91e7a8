"""Which hour an issue answers to, and which stretch of listed papers it covers. Pure."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from subscriptions import schedule


@dataclass(frozen=True, slots=True)
class Plan:
    """A subscription's schedule seen from one instant; equal schedules have equal plans, so one serves a whole batch.

    `latest` is the last slot at or before the instant, `following` the first one after it. `cadence` is the time between
    `latest` and the slot before it, `reach` the time back to the one before that: the most a window covers.
    """

    latest: dt.datetime
    following: dt.datetime
    cadence: dt.timedelta
    reach: dt.timedelta


@lru_cache(maxsize=4096)
def plan(cadence: str, weekday: int, hour: int, time_zone: str, now: dt.datetime) -> Plan:
    """The plan at `now`; ValueError names a cadence, hour or zone that makes none."""
    slot = (cadence, weekday, hour, time_zone)
    latest = schedule.previous_issue_at(*slot, now)
    return Plan(
        latest=latest,
        following=schedule.next_issue_at(*slot, now),
        cadence=schedule.cadence_back(*slot, latest),
        reach=schedule.cadence_back(*slot, latest, times=2),
    )


def too_late(due_at: dt.datetime, at: Plan, now: dt.datetime) -> bool:
    """Whether an issue due at `due_at` is a whole cadence late or more, so that a later one stands in for it."""
    return now - due_at >= at.cadence and at.latest > due_at


def window(open_from: dt.datetime | None, at: Plan, now: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
    """The half-open window [start, end) of an issue published at `now`, or None when all of it has been covered already.

    It starts where the last one that went out ended, at most two cadences back; a first one starts one cadence back. It
    ends at `now`, not at the hour the issue was due: papers that came while a late issue waited are not put off.
    """
    start = now - at.cadence if open_from is None else max(open_from, now - at.reach)
    return (start, now) if start < now else None


def spoken(instant: dt.datetime, time_zone: str) -> str:
    """An instant as its reader's calendar and clock have it: "Monday 16 March 07:00"."""
    local = instant.astimezone(schedule.zone(time_zone))
    return f"{local:%A} {local.day} {local:%B %H:%M}"
