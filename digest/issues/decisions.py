"""What is to happen to a subscription whose hour has come: an issue, a reasoned skip, or a refusal. Pure."""

import datetime as dt
from dataclasses import dataclass

from digest.issues import windows
from digest.issues.history import History
from digest.issues.windows import Plan
from subscriptions import schedule
from subscriptions.models import Subscription

NOTHING_NEW = "nothing new in your window"
SUPPRESSED = "suppressed"
_INSTANT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Assignment:
    """An issue to be made: chosen papers unless `skip` says why there are none. It takes the place of `replaces`, if any.

    A sample has no number, and its window closes nothing; but its papers count as sent. `away_since` is set in the first issue
    after a pause that cost its reader at least one: the day from which on it gathers the best.
    """

    subscription: Subscription
    due_at: dt.datetime
    window_start: dt.datetime
    window_end: dt.datetime
    last_number: int
    skip: str = ""
    replaces: int | None = None
    sample: bool = False
    away_since: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The issues to be made, at most one of them with papers; or none, and why. `next_issue_at` is the next hour to wake at."""

    assignments: tuple[Assignment, ...]
    refused: str
    next_issue_at: dt.datetime | None


def plan_of(subscription: Subscription, now: dt.datetime) -> Plan:
    """The subscription's plan at `now`; ValueError names what makes none."""
    return windows.plan(subscription.cadence, subscription.weekday, subscription.hour, subscription.subscriber.time_zone, now)


def when_due(subscription: Subscription, at: Plan, history: History, now: dt.datetime) -> Decision:
    """For a subscription claimed because its hour has come.

    After an outage the hour that was waited for may be a cadence past or more: it is skipped and says so, and one issue stands
    in for it and for all that came between.
    """
    due_at = subscription.next_issue_at or at.latest
    paused = _paused(subscription, now)
    if paused is not None:
        return Decision((), paused, _first_after_pause(subscription))
    made = _missed(subscription, due_at, at, history) if windows.too_late(due_at, at, now) else ()
    due_at = at.latest if made else due_at
    if due_at in history.answered:
        return Decision(made, _already(subscription, due_at), at.following)
    return _issue(subscription, due_at, made, at, history, now, replaces=None)


def on_request(subscription: Subscription, at: Plan, history: History, now: dt.datetime) -> Decision:
    """For "send this week's now": the issue of the latest hour that has passed, unless it went out already.

    One that was skipped may be made anew. An hour still ahead stays as it is.
    """
    waiting = subscription.next_issue_at
    ahead = waiting if waiting is not None and waiting > now else None
    paused = _paused(subscription, now)
    if paused is not None:
        return Decision((), paused, waiting)
    answered = history.answered.get(at.latest)
    if answered is not None and not answered.skipped:
        return Decision((), _already(subscription, at.latest), waiting)
    late = waiting is not None and windows.too_late(waiting, at, now)
    made = _missed(subscription, waiting, at, history) if waiting is not None and late else ()
    decision = _issue(
        subscription, at.latest, made, at, history, now, replaces=answered.issue_id if answered is not None else None
    )
    return Decision(decision.assignments, decision.refused, ahead or at.following)


def _issue(
    subscription: Subscription,
    due_at: dt.datetime,
    made: tuple[Assignment, ...],
    at: Plan,
    history: History,
    now: dt.datetime,
    replaces: int | None,
) -> Decision:
    covered = windows.window(history.open_from, at, now)
    if covered is None:
        until = windows.spoken(history.open_from or now, subscription.subscriber.time_zone)
        return Decision(made, f"an issue that covers everything up to {until} was already published", at.following)
    assignment = Assignment(
        subscription,
        due_at,
        *covered,
        history.last_number,
        skip=SUPPRESSED if history.suppressed else "",
        replaces=replaces,
        away_since=_away_since(subscription, covered, at),
    )
    return Decision((*made, assignment), "", at.following)


def _away_since(subscription: Subscription, covered: tuple[dt.datetime, dt.datetime], at: Plan) -> dt.date | None:
    """The day on which the window of a first issue after a pause starts, when the pause left out an issue."""
    (start, end), until = covered, subscription.paused_until
    if until is None or not start < until <= end or at.latest - start <= at.cadence:
        return None
    return start.astimezone(schedule.zone(subscription.subscriber.time_zone)).date()


def _missed(subscription: Subscription, due_at: dt.datetime, at: Plan, history: History) -> tuple[Assignment, ...]:
    if due_at in history.answered:
        return ()
    place = subscription.subscriber.time_zone
    why = f"too late: due {windows.spoken(due_at, place)}; the issue due {windows.spoken(at.latest, place)} stands in for it"
    return (Assignment(subscription, due_at, due_at - at.cadence, due_at, history.last_number, skip=why),)


def _paused(subscription: Subscription, now: dt.datetime) -> str | None:
    until = subscription.paused_until
    if until is None or until <= now:
        return None
    return f"paused until {windows.spoken(until, subscription.subscriber.time_zone)}"


def _first_after_pause(subscription: Subscription) -> dt.datetime | None:
    if subscription.paused_until is None:
        return None
    return schedule.next_issue_at(
        subscription.cadence,
        subscription.weekday,
        subscription.hour,
        subscription.subscriber.time_zone,
        subscription.paused_until - _INSTANT,
    )


def _already(subscription: Subscription, due_at: dt.datetime) -> str:
    return f"the issue due {windows.spoken(due_at, subscription.subscriber.time_zone)} was already published"
