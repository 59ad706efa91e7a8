"""Loaded into a worker: tells its test, over a pipe, that it was asked to stop."""

import os

from celery.signals import worker_shutting_down

# First of all, so that the sender's own receiver is called before ours.
from digest.delivery import stopping

PIPE = "ASKED_PIPE"
"""The environment's name for the descriptor to write to."""


@worker_shutting_down.connect
def _tell(**_: object) -> None:
    assert stopping.asked()
    os.write(int(os.environ[PIPE]), b"asked")
