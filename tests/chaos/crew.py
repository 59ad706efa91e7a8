"""The processes of a chaos run: workers and beats as an operator starts them, and what can be done to them."""

import itertools
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING")


def children(pid: int) -> list[int]:
    """The processes whose parent this is (proc(5), stat)."""
    found: list[int] = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            state, parent = each.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(each.parent.name))
    return found


class Worker:
    """One `celery -A digest worker` with its children, a process group of its own, as on a host of its own."""

    def __init__(self, number: int, home: Path, environment: Mapping[str, str], processes: int) -> None:
        self.number = number
        self.clock = home / f"clock-{number}"
        self.processes = processes
        command = [
            sys.executable, "-m", "celery", "-A", "digest", "worker", "--pool=prefork", f"--concurrency={processes}",
            f"--hostname=worker{number}@chaos", "--include=tests.chaos.mischief", *_QUIET,
        ]  # fmt: skip
        # Of three workers one has a full disk under its log, and one may let no file grow: not the log of who has left either.
        full = number % 3 == 1
        with open("/dev/full" if full else home / f"worker-{number}.log", "ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**environment, "CHAOS_CLOCK": str(self.clock)},
                stdin=subprocess.DEVNULL,
                # Celery greets on standard output, and would not start if it could not.
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                preexec_fn=_no_file_may_grow if number % 3 == 2 else None,
            )

    def signal(self, number: int) -> None:
        """To the whole group, as when a host dies or sleeps."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def end(self) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        self.process.wait()


def _no_file_may_grow() -> None:
    """Run in the child, before it becomes the worker: writing beyond 4 KB fails, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


class Crew:
    """Several workers and two beats. Every method that does harm returns how many sending processes it struck."""

    def __init__(self, home: Path, environment: Mapping[str, str], chance: random.Random, workers: int, processes: int) -> None:
        self._home, self._environment, self._chance, self._processes = home, environment, chance, processes
        self._numbers = itertools.count(1)
        self._timers: list[threading.Timer] = []
        self._leaving: list[Worker] = []
        self.workers = [self._worker() for _ in range(workers)]
        self.beats = [self._beat(number) for number in (1, 2)]

    def kill_process(self) -> int:
        """kill -9 for one process of a pool; its master notices and forks another."""
        while not (running := [pid for worker in self.workers for pid in children(worker.process.pid)]):
            self.tend()
            time.sleep(0.1)
        with suppress(ProcessLookupError):
            os.kill(self._chance.choice(running), signal.SIGKILL)
        return 1

    def kill_worker(self) -> int:
        """kill -9 for a worker and all its processes."""
        worker = self._replace()
        worker.end()
        return worker.processes

    def deploy(self) -> int:
        """SIGTERM: a worker finishes what it holds and goes, while the next one starts."""
        worker = self._replace()
        with suppress(ProcessLookupError):
            worker.process.send_signal(signal.SIGTERM)
        self._leaving.append(worker)
        return 0

    def stop_for(self, seconds: float) -> int:
        """SIGSTOP for a worker and all its processes, SIGCONT after some seconds."""
        worker = self._chance.choice(self.workers)
        worker.signal(signal.SIGSTOP)
        self._later(seconds, lambda: worker.signal(signal.SIGCONT))
        return worker.processes

    def jump(self, by: int, seconds: float) -> int:
        """Set a worker's clock wrong for some seconds."""
        worker = self._chance.choice(self.workers)
        worker.clock.write_text(str(by))
        self._later(seconds, lambda: worker.clock.write_text("0"))
        return 0

    def kill_beat(self) -> int:
        """kill -9 for one of the two beats; another takes its place."""
        number = self._chance.randrange(2)
        self.beats[number].kill()
        self.beats[number].wait()
        self.beats[number] = self._beat(number + 1)
        return 0

    def tend(self) -> list[str]:
        """Start again what has ended by itself, as whatever runs them in production does; returns what ended, and how."""
        ended = []
        for place, worker in enumerate(self.workers):
            if worker.process.poll() is not None:
                ended.append(f"a worker ended by itself (exit {worker.process.returncode})")
                worker.end()
                self.workers[place] = self._worker()
        for place, beat in enumerate(self.beats):
            if beat.poll() is not None:
                ended.append(f"a beat ended by itself (exit {beat.returncode})")
                self.beats[place] = self._beat(place + 1)
        return ended

    def end(self) -> None:
        for timer in self._timers:
            timer.cancel()
        for worker in (*self.workers, *self._leaving):
            worker.end()
        for beat in self.beats:
            beat.kill()
            beat.wait()

    def _replace(self) -> Worker:
        place = self._chance.randrange(len(self.workers))
        worker, self.workers[place] = self.workers[place], self._worker()
        return worker

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        self._timers.append(threading.Timer(seconds, act))
        self._timers[-1].start()

    def _worker(self) -> Worker:
        return Worker(next(self._numbers), self._home, self._environment, self._processes)

    def _beat(self, number: int) -> "subprocess.Popen[bytes]":
        with open(self._home / f"beat-{number}.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "digest", "beat", "--pidfile=", f"--schedule={self._home}/beat-{number}",
                 "--loglevel=WARNING"],
                cwd=ROOT,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )  # fmt: skip
