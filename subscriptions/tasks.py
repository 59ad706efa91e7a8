"""Celery tasks, and the hint that a notice waits. Rows are the truth: a lost hint costs seconds, never a sign-up."""

import datetime as dt
import logging

from celery import current_app, shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from subscriptions import consent, door, jobs
from subscriptions.hints import Gathered

BATCH = 500
# A job gives way to other tasks this often.
JOB_BUDGET = dt.timedelta(seconds=30)
# However many ask at the door, a process says so ten times a second.
_HINT_SECONDS = 0.1

_log = logging.getLogger(__name__)


def hint(name: str) -> None:
    """Say that a task has something to do; while the queue is away, its next sweep finds it."""
    try:
        current_app.send_task(name, retry=False)
    except OperationalError as error:
        _log.warning("The queue is away, so %s waits for the next sweep: %s", name, error)


def hint_notices() -> None:
    """Once the transaction is committed, say that notices wait; by name, for delivering is not ours."""
    transaction.on_commit(lambda: hint("digest.tasks.deliver_waiting"))


_requests = Gathered(lambda: hint("subscriptions.tasks.answer_requests"), _HINT_SECONDS)


def hint_requests() -> None:
    """Once the transaction is committed, say that a request waits for its answer."""
    transaction.on_commit(_requests.ask)


@shared_task
def answer_requests() -> dict[str, int]:
    """Answer a batch of what was asked at the door, and have the answers delivered."""
    answered = door.answer(timezone.now(), BATCH)
    if answered.mailed:
        hint_notices()
    if answered.mailed + answered.nothing + answered.refused >= BATCH:
        hint_requests()
    return {"mailed": answered.mailed, "nothing": answered.nothing, "refused": answered.refused}


@shared_task
def forget_unconfirmed() -> dict[str, int]:
    """Remove sign-ups that nobody confirmed in time, and requests that no limit counts any more."""
    now = timezone.now()
    return {**consent.forget_unconfirmed(now), "requests": door.forget(now)}


def hint_jobs() -> None:
    """Once the transaction is committed, say that a job waits."""
    transaction.on_commit(lambda: hint("subscriptions.tasks.advance_jobs"))


@shared_task
def advance_jobs() -> dict[str, int]:
    """Work on what operators started, for half a minute at a time; returns how many rows the job has behind it."""
    job = jobs.advance(timezone.now, JOB_BUDGET)
    if job is None:
        return {}
    hint_jobs()
    return {job.kind: job.done}
