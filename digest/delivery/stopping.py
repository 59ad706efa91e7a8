"""A worker that is asked to stop (SIGTERM) claims nothing more: what is on the wire is finished, the rest is given back.

Celery tells its main process alone and lets tasks run to their end, which with a slow relay is minutes. This octet is shared
with the pool's processes, which were forked from it.
"""

import multiprocessing

from celery.signals import worker_shutting_down

_asked = multiprocessing.RawValue("b", 0)


def asked() -> bool:
    """Whether this process, or the worker that it belongs to, was asked to stop."""
    return bool(_asked.value)


@worker_shutting_down.connect
def _ask(**_: object) -> None:
    _asked.value = 1
