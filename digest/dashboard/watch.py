"""What is wrong now: everything an operator should hear of on opening the admin, each with where its rows are."""

import datetime as dt
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import redis
from django.conf import settings

from digest import alarms, queues
from digest.dashboard.today import Counted
from digest.delivery import clocks
from digest.models import Brake, Delivery, Preflight
from subscriptions.models import Request

# Google and Yahoo ask bulk senders to stay below this share of complaints, and never to reach 0.3 %.
COMPLAINTS = 0.001
COMPLAINT_DAYS = 7
FEWEST_ACCEPTED = 1_000
"""Below this many accepted messages one complaint would already be a rate."""
LEAST_FREE = 0.1
LONGEST_QUEUE = 1_000
PATIENCE = dt.timedelta(minutes=10)

Where = Literal["due", "source", "sending", "complaints", "ready", "requests", "preflight", ""]


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing that is wrong, what to do, and which rows are behind it (`key` says of which source or domain)."""

    said: str
    todo: str
    where: Where = ""
    key: str = ""


def warnings(now: dt.datetime, known: Counted) -> tuple[Warned, ...]:
    """All of it, the worst first; the broker is given half a second to answer."""
    brakes = list(Brake.objects.standing().order_by("since"))
    return (
        *_alarms(now),
        *_breakers(brakes),
        *_preflight(),
        *_clock(now),
        *_queues(now),
        *_waiting(now, bool(brakes)),
        *_complaints(known),
        *_disk(Path(settings.SAFETY_LOG).parent),
    )


def complaint_rate(known: Counted) -> tuple[int, int]:
    """Complaints, and accepted messages, of the last days as they were counted."""
    complaints = known["bounces"].get("complaint", ())
    return sum(complaints[-COMPLAINT_DAYS:]), sum(sum(each[-COMPLAINT_DAYS:]) for each in known["domain-accepted"].values())


def _alarms(now: dt.datetime) -> list[Warned]:
    def of(alarm: alarms.Alarm) -> Warned:
        words = alarm.key.split()
        if words[0] == "source":
            return Warned(f"{alarm.happened} since {alarm.since:%-d %B, %H:%M} UTC.", alarm.todo, "source", words[1])
        return Warned(f"{alarm.happened.rstrip('.')}.", alarm.todo, "due" if alarm.key.startswith("nothing") else "sending")

    return [of(alarm) for alarm in alarms.found(now)]


def _breakers(brakes: Sequence[Brake]) -> list[Warned]:
    closed = [brake for brake in brakes if brake.domain][:20]
    return [
        Warned(f"Nothing goes to {brake.domain}: {brake.why.rstrip('.')}.", "It tries one message by itself.", "sending")
        for brake in closed
    ]


def _preflight() -> list[Warned]:
    last = Preflight.objects.first()
    if last is None or not last.fatal:
        return []
    fatal = ", ".join(each["check"] for each in last.findings if each["level"] == "fatal")
    return [Warned(f"The preflight holds issues back: {fatal}.", "The page says how to mend it.", "preflight")]


def _clock(now: dt.datetime) -> list[Warned]:
    why = clocks.astray(now)
    return [Warned(f"{why[0].upper()}{why[1:]}.", "Set it right: it decides nothing meanwhile.")] if why else []


def _queues(now: dt.datetime) -> list[Warned]:
    try:
        found = queues.standing(settings.REDIS_URL, 0.5)
    except (redis.RedisError, OSError) as error:
        return [Warned(f"The broker gives no answer ({type(error).__name__}).", "Workers get no tasks until it runs.")]
    told = []
    for queue, stands in found.items():
        if stands.since and now - stands.since > PATIENCE:
            age = f"the oldest since {stands.since:%-d %B, %H:%M} UTC"
            told.append(Warned(f"{stands.length:,} tasks wait in the queue {queue!r}, {age}.", "Look whether its workers run."))
        elif stands.length > LONGEST_QUEUE:
            told.append(Warned(f"{stands.length:,} tasks wait in the queue {queue!r}.", "Look whether its workers run."))
    return told


def _waiting(now: dt.datetime, braked: bool) -> list[Warned]:
    """What tasks should have taken up, whether or not one of them waits in the broker."""
    found = []
    ready = Delivery.objects.ready(now - PATIENCE).order_by("priority", "next_attempt_at").first()
    if ready and not braked:
        since = ready.next_attempt_at
        found.append(Warned(f"Messages have been ready since {since:%-d %B, %H:%M} UTC.", "Look at the senders.", "ready"))
    asked = Request.objects.waiting().first()
    if asked and asked.created_at < now - PATIENCE:
        since = asked.created_at
        found.append(
            Warned(f"Nobody has answered the door since {since:%-d %B, %H:%M} UTC.", "Look at the workers.", "requests")
        )
    return found


def _complaints(known: Counted) -> list[Warned]:
    complaints, accepted = complaint_rate(known)
    if accepted < FEWEST_ACCEPTED or complaints < COMPLAINTS * accepted:
        return []
    rate = f"{100 * complaints / accepted:.2f} %"
    return [
        Warned(
            f"{complaints} of {accepted:,} messages of the last {COMPLAINT_DAYS} days brought a complaint: {rate}.",
            "At 0.1 % receivers begin to turn mail away. See who complained, and about what.",
            "complaints",
        )
    ]


def _disk(place: Path) -> list[Warned]:
    if not place.exists():
        return []
    usage = shutil.disk_usage(place)
    share = usage.free / usage.total
    if share >= LEAST_FREE:
        return []
    return [Warned(f"The disk under {place} has {100 * share:.0f} % free.", "Make room: what is full stops everything.")]
