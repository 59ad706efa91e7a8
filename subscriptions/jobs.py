"""Work on many rows that an operator starts: a row each, done a batch at a time by whichever worker is free.

    start -> (task) advance: claim under a lease, then batch by batch: work, progress and cursor in one commit -> done
                                                   `- cancel is looked for before each batch

A kind of job is a function that does one batch; others register theirs with `kind`. A worker that dies loses its lease, and the
next goes on from the last committed batch, so a batch must be the same whoever does it, and nothing is done twice.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models import Q

from subscriptions import audit
from subscriptions.models import Job

LEASE = dt.timedelta(minutes=5)
_OPEN = (Job.State.WAITING, Job.State.RUNNING)


@dataclass(frozen=True)
class Batch:
    """What one batch did: `done` rows, `counts` by outcome, where the next begins (None: there is no next), and notes."""

    done: int
    counts: Mapping[str, int]
    cursor: Mapping[str, Any] | None
    notes: tuple[str, ...] = ()
    total: int | None = None


Work = Callable[[Job, dt.datetime], Batch]
"""Does the batch that begins at `job.cursor`, within the caller's transaction. JobFailed ends the job with words."""


class JobFailed(Exception):
    """The job cannot go on; the text says why and what to do. What earlier batches did stays done."""


Ahead = Callable[[Job, dt.datetime], Work]
"""Does what a batch must not do in its transaction, such as asking other hosts; what it returns is then done in it."""


@dataclass
class _Kinds:
    known: dict[str, Ahead] = field(default_factory=dict)


_kinds = _Kinds()
_MOST_NOTES = 200


def kind(name: str) -> Callable[[Work], Work]:
    """Register how a batch of this kind of job is done: `@jobs.kind("import")`."""

    def register(work: Work) -> Work:
        _kinds.known[name] = lambda job, now: work
        return work

    return register


def kind_ahead(name: str) -> Callable[[Ahead], Ahead]:
    """Register a kind whose batches do their work before their transaction; it may be done again if a worker dies then."""

    def register(ahead: Ahead) -> Ahead:
        _kinds.known[name] = ahead
        return ahead

    return register


def start(
    name: str,
    arguments: Mapping[str, Any],
    by: User,
    now: dt.datetime,
    *,
    total: int | None = None,
    payload: bytes | None = None,
    network: str = "",
) -> Job:
    """Write down a job to do, and in the audit log who asked for it. KeyError for a kind that nobody registered."""
    _kinds.known[name]
    with transaction.atomic():
        job = Job.objects.create(
            kind=name, arguments=dict(arguments), payload=payload, total=total, started_by=by,
            started_by_name=by.get_username(), created_at=now,
        )  # fmt: skip
        audit.record(by, f"start {name}", audit.name(job), now, network, total=total)
    return job


def cancel(job: Job, by: User, now: dt.datetime, network: str = "") -> bool:
    """Ask for the end of a job after the batch it is in; whether it was still open. What is done stays done."""
    with transaction.atomic():
        asked = Job.objects.filter(pk=job.pk, state__in=_OPEN, cancel_asked=False).update(cancel_asked=True)
        if asked:
            audit.record(by, f"cancel {job.kind}", audit.name(job), now, network)
    return bool(asked)


def advance(now: Callable[[], dt.datetime], budget: dt.timedelta) -> Job | None:
    """Work on one open job until it ends or `budget` is spent; returns it, or None when none is open.

    `now` is asked before each batch. An error of the database or a JobFailed ends the job as failed, with the batch undone.
    """
    began = now()
    job = _claim(began)
    while job is not None and job.open and now() - began < budget:
        _batch(job, now())
    if job is not None and job.open:
        # Nobody holds it: the next may go on at once.
        Job.objects.filter(pk=job.pk).update(lease_expires_at=None)
    return job


def _claim(now: dt.datetime) -> Job | None:
    with transaction.atomic():
        free = Q(lease_expires_at=None) | Q(lease_expires_at__lt=now)
        job = Job.objects.select_for_update(skip_locked=True).filter(free, state__in=_OPEN).order_by("id").first()
        if job is not None:
            job.state, job.lease_expires_at = Job.State.RUNNING, now + LEASE
            job.save(update_fields=["state", "lease_expires_at"])
    return job


def _batch(job: Job, now: dt.datetime) -> None:
    try:
        work = _kinds.known[job.kind](job, now)
        with transaction.atomic():
            locked = Job.objects.select_for_update().get(pk=job.pk)
            if locked.cancel_asked:
                _finish(locked, Job.State.CANCELLED, now)
            else:
                _add(locked, work(locked, now), now)
    except JobFailed as error:
        _fail(job, str(error), now)
    except DatabaseError as error:
        _fail(job, f"{type(error).__name__}: {error}", now)
    job.refresh_from_db()


def _add(job: Job, batch: Batch, now: dt.datetime) -> None:
    counts = Counter({**job.result.get("counts", {})})
    counts.update(batch.counts)
    notes = [*job.result.get("notes", []), *batch.notes]
    job.result = {"counts": dict(counts), "notes": notes[:_MOST_NOTES], "more_notes": max(len(notes) - _MOST_NOTES, 0)}
    job.done += batch.done
    job.total = batch.total if batch.total is not None else job.total
    job.lease_expires_at = now + LEASE
    if batch.cursor is None:
        _finish(job, Job.State.DONE, now)
    else:
        job.cursor = dict(batch.cursor)
        job.save()


def _finish(job: Job, state: Job.State, now: dt.datetime, error: str = "") -> None:
    job.state, job.finished_at, job.lease_expires_at, job.payload, job.error = state, now, None, None, error[:500]
    job.save()


def _fail(job: Job, why: str, now: dt.datetime) -> None:
    with transaction.atomic():
        locked = Job.objects.select_for_update().get(pk=job.pk)
        _finish(locked, Job.State.FAILED, now, why)
