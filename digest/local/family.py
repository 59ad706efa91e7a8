"""The processes of one run: started on a leash, watched, stopped together, and found again after a kill -9.

Every process of a run, children of children too, carries the run's random mark in its environment. What a dead runner left
behind is found by that mark in /proc, never by a name or by a number that may have passed to somebody else.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

MARK = "PAPER_ROUND_RUN"
_LEASH = Path(__file__).with_name("leash.py")
_GRACE_SECONDS = 15.0


class ChildDied(RuntimeError):
    """A process of the run ended by itself; the text says which, how, and ends with its log's last lines."""


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    group: str = ""

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def died(self) -> ChildDied:
        code = self.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        return ChildDied(f"The {self.name} {how}. Its log, {self.log}, ends with:\n{self.tail()}")


def marked(mark: str) -> dict[int, int]:
    """Living processes that carry the mark: process id -> parent's id."""
    wanted = f"{MARK}={mark}".encode()
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        # Processes end while we look, and those of others are not ours to read.
        with contextlib.suppress(OSError):
            if wanted in (directory / "environ").read_bytes().split(b"\0"):
                found[int(directory.name)] = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def stop_marked(mark: str, grace: float = _GRACE_SECONDS) -> int:
    """Stop every process that carries the mark; returns how many there were.

    Only the eldest are asked to stop, as Celery's and granian's masters end their own workers in good order; who remains after
    `grace` seconds is killed.
    """
    found = marked(mark)
    _signal((pid for pid, parent in found.items() if parent not in found), signal.SIGTERM)
    deadline = time.monotonic() + grace
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    while left:
        _signal(left, signal.SIGKILL)
        time.sleep(0.05)
        left = marked(mark)
    return len(found)


class Family:
    """What one runner started. `directory` keeps the mark, `logs` one log a child."""

    def __init__(self, directory: Path, logs: Path) -> None:
        self._mark_file = directory / "mark"
        self._mark = secrets.token_hex(16)
        self._logs = logs
        self._children: list[Child] = []

    def adopt_nothing(self) -> int:
        """Stop what an earlier runner left behind, take over its place, and return how many processes that were."""
        stopped = stop_marked(self._mark_file.read_text()) if self._mark_file.exists() else 0
        self._mark_file.parent.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        self._mark_file.write_text(self._mark)
        return stopped

    def _spawn(self, name: str, command: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = ()) -> Child:
        log = self._logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-I", str(_LEASH), str(os.getpid()), *command],
                env={**environment, MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
                start_new_session=True,  # Ctrl-C in the terminal reaches the runner alone
            )
        return Child(name, process, log)

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = (), group: str = ""
    ) -> Child:
        """Start a process that is to stay until the run ends; of a group, one must stay."""
        child = replace(self._spawn(name, command, environment, pass_fds), group=group)
        self._children.append(child)
        return child

    def complete(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
        """Run a command to its end and return its output; raises ChildDied when it fails."""
        child = self._spawn(name, command, environment)
        if child.process.wait():
            raise child.died()
        return child.log.read_text(errors="replace")

    def check(self) -> None:
        """Raises ChildDied when one of them has ended; of a group, the last."""
        living = {child.group for child in self._children if child.process.poll() is None}
        for child in self._children:
            if child.process.returncode is not None and not (child.group and child.group in living):
                raise child.died()

    def stop(self) -> None:
        """Stop all: the youngest first, the eldest (which the others talk to) when they are gone."""
        eldest, younger = self._children[:1], self._children[1:]
        for generation in (younger, eldest):
            for child in generation:
                child.process.terminate()
            deadline = time.monotonic() + _GRACE_SECONDS
            for child in generation:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.0, deadline - time.monotonic()))
        stop_marked(self._mark, grace=0.5)
        for child in self._children:
            child.process.wait()
        self._children.clear()
        self._mark_file.unlink(missing_ok=True)
