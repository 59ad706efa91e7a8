"""A worker that is asked to stop (SIGTERM) claims nothing more: what is on the wire is finished, the rest is given back.

Celery tells its main process alone and lets tasks run to their end, which with a slow relay is minutes. The moment is shared
with the pool's processes, which were forked from it.
"""

import multiprocessing
import time

from celery.signals import worker_shutting_down

# Deployments kill after 45 s (docker-compose.yml); the run is over before, whatever the relay does.
HURRY_SECONDS = 12.0
"""After this long a message that is still on its way without its final dot is broken off: it can be sent again."""
LAST_SECONDS = 25.0
"""After this long no answer to a final dot is waited for any more; what became of such a message is then unknown."""

# Seconds since boot, which all processes of a host agree on; 0 before anybody asked.
_asked_at = multiprocessing.RawValue("d", 0.0)


def asked() -> bool:
    """Whether this process, or the worker that it belongs to, was asked to stop."""
    return bool(_asked_at.value)


def lasted() -> float:
    """Seconds since then; 0 when nobody asked."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - _asked_at.value if _asked_at.value else 0.0


@worker_shutting_down.connect
def _ask(**_: object) -> None:
    _asked_at.value = _asked_at.value or time.clock_gettime(time.CLOCK_BOOTTIME)
