"""What Celery's processes tell: how long tasks took, and, from what each returns, what came of the work.

Connected by importing it, in `digest.celery`.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from celery.signals import task_postrun, task_prerun, worker_process_shutdown, worker_ready
from django.conf import settings
from prometheus_client import Counter, multiprocess

_STARTED: dict[str, float] = {}
_COUNTED = {
    "digest.tasks.deliver_waiting": "DELIVERIES",
    "digest.tasks.publish_due": "ISSUES",
    "digest.tasks.poll_due_sources": "ENTRIES",
}


def count(task: str, result: object) -> None:
    """Add what a task returned, a number for each outcome, to the counter it belongs to, if to any."""
    from digest.observability import metrics  # models must be ready first

    name = _COUNTED.get(task)
    if name is None or not isinstance(result, Mapping):
        return
    counter: Counter = getattr(metrics, name)
    for outcome, number in result.items():
        if isinstance(number, int) and number > 0:
            counter.labels(outcome).inc(number)


@task_prerun.connect
def _start(task_id: str, **_: object) -> None:
    _STARTED[task_id] = time.perf_counter()


@task_postrun.connect
def _end(task_id: str, task: Any, retval: object, state: str, **_: object) -> None:
    from digest.observability import metrics  # models must be ready first

    took = time.perf_counter() - _STARTED.pop(task_id, time.perf_counter())
    metrics.TASKS.labels(task.name, (state or "unknown").lower()).observe(took)
    count(task.name, retval)


@worker_ready.connect
def _serve(**_: object) -> None:
    if settings.METRICS_PORT:
        from digest.observability import metrics  # models must be ready first

        metrics.serve(settings.METRICS_PORT)


@worker_process_shutdown.connect
def _forget(pid: int, **_: object) -> None:
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
