"""What the workers of a chaos run import besides the product (`celery worker --include tests.chaos.mischief`).

Every task comes five times, as if the queue had delivered it again and again; and the worker's wall clock can be set wrong: it
is ahead by as many seconds as the file named in CHAOS_CLOCK says. Only `timezone.now` reads the wall clock in this project.
"""

import datetime as dt
import os
from pathlib import Path
from typing import Any

from celery import Task, current_app, signals
from django.utils import timezone

TIMES = 5
_AGAIN = "chaos_again"
_CLOCK = Path(os.environ["CHAOS_CLOCK"])
_right = timezone.now


def _wrong() -> dt.datetime:
    try:
        seconds = float(_CLOCK.read_text() or 0)
    except (OSError, ValueError):
        seconds = 0.0
    return _right() + dt.timedelta(seconds=seconds)


timezone.now = _wrong


@signals.task_prerun.connect
def again(task: Task[..., Any], **_: object) -> None:
    """Send the task four times more, unless it is one of these."""
    if task.request.get(_AGAIN):
        return
    for _n in range(TIMES - 1):
        current_app.send_task(task.name, task.request.args, dict(task.request.kwargs or {}), headers={_AGAIN: 1}, retry=False)
