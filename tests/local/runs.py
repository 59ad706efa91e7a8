"""A local run in a directory of its own, driven as its user drives it: by its command, its output and signals."""

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from digest.environment import BASE, read_env_file
from digest.local.family import marked
from digest.local.private import Private

PATIENCE = 240.0
# What the tests' own environment says about servers and keys must not reach a run that is to make its own.
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


class Run:
    """`python -m digest.local run ARGUMENTS` with its output read as it comes."""

    def __init__(self, home: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self.home = home
        self.output = ""
        # A shell starts what it runs in the background with SIGINT ignored, and a child would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "digest.local", "run", *arguments],
            cwd=BASE,
            env={**passed_on, "PAPER_ROUND_VAR": str(home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def until(self, text: str) -> str:
        """Read until the output holds `text`; returns everything read so far."""
        while text not in self.output:
            assert self._read(), f"The run ended without {text!r}:\n{self.output}"
        return self.output

    def end(self, number: signal.Signals | None = None) -> int:
        """Send a signal, if any, read to the end, and return the exit status."""
        if number is not None:
            self.process.send_signal(number)
        while self._read():
            pass
        if self.process.stdout is not None:
            self.process.stdout.close()
        return self.process.wait(PATIENCE)

    def site(self) -> str:
        """The address of its site."""
        return read_env_file(self.home / "local.env")["SITE_URL"]

    def mark(self) -> str:
        return (self.home / "run" / "mark").read_text()

    def _read(self) -> bool:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        assert ready, f"Nothing was said for {PATIENCE:.0f} s. So far:\n{self.output}"
        octets = os.read(self.process.stdout.fileno(), 65536)
        self.output += octets.decode(errors="replace")
        return bool(octets)


@contextmanager
def run(home: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Run]:
    """A run that is over, with all its processes, when the block is left."""
    one = Run(home, *arguments, environment=environment)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)
        Private(home).stop()


def commands(mark: str) -> dict[int, list[str]]:
    """The words of each living command of a run, by process id; processes that end meanwhile are left out."""
    found = {}
    for pid in marked(mark):
        with contextlib.suppress(OSError):
            found[pid] = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    return found


def password(output: str) -> str | None:
    """The one-time password in a run's output."""
    found = re.search(r"account admin, password (\S+)", output)
    return found and found[1]
