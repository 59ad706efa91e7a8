"""What a stretch of work cost: time, CPU of this process and of its PostgreSQL backend, peak of memory (Linux, /proc)."""

import gc
import os
import time
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spent:
    """In seconds. `server_cpu` is that of one backend alone: the checkpointer and the writers of PostgreSQL are not in it."""

    seconds: float
    cpu: float
    server_cpu: float


class Meter:
    """Runs from the moment it is made. `backend` is the process id of the PostgreSQL backend, on this machine."""

    def __init__(self, backend: int) -> None:
        self._backend = backend
        self._start = self._now()

    def read(self) -> Spent:
        now = self._now()
        return Spent(*(later - earlier for later, earlier in zip(now, self._start, strict=True)))

    def _now(self) -> tuple[float, float, float]:
        # proc(5): the second field may hold spaces; utime and stime are the 14th and 15th.
        fields = Path(f"/proc/{self._backend}/stat").read_text().rpartition(")")[2].split()
        return time.perf_counter(), time.process_time(), (int(fields[11]) + int(fields[12])) / _TICKS


def forget_the_peak() -> None:
    """Let the peak of memory begin anew: what earlier stretches took is not this one's. (proc(5): clear_refs, 5)"""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """The most memory this process has held since the peak was forgotten, in MiB."""
    return _status("VmHWM")


def memory_mb() -> float:
    """What this process holds now, in MiB."""
    return _status("VmRSS")


def _status(name: str) -> float:
    return int(_STATUS.read_text().partition(f"{name}:")[2].split()[0]) / 1024
