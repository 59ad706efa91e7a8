"""The processes of a run end with it, whatever ends it; nobody else's do."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.local.family import ChildDied, Family, marked, stop_marked

_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
_SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# A runner that starts one child, which holds the writing end of a pipe for as long as it lives, and says so.
_RUNNER = """
import os, sys
from pathlib import Path
from digest.local.family import Family
family = Family(Path(sys.argv[1]), Path(sys.argv[1]))
family.adopt_nothing()
family.start("sleeper", ["sleep", "600"], dict(os.environ), pass_fds=[int(sys.argv[2])])
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    one = Family(tmp_path / "run", tmp_path / "log")
    one.adopt_nothing()
    yield one
    one.stop()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(_SLEEP) as process:
        yield process
        process.kill()


def test_stopping_ends_every_child_and_nobody_else(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    family = Family(tmp_path / "run", tmp_path / "log")
    family.adopt_nothing()
    children = [family.start(name, _SLEEP, os.environ) for name in ("eldest", "younger")]
    family.stop()
    assert [child.process.returncode for child in children] == [-signal.SIGTERM, -signal.SIGTERM]
    assert bystander.poll() is None


def test_a_child_that_ends_by_itself_is_named_with_the_end_of_its_log(family: Family) -> None:
    child = family.start("worker", [sys.executable, "-c", "print('out of luck'); raise SystemExit(3)"], os.environ)
    child.process.wait()
    with pytest.raises(ChildDied, match=r"(?s)The worker ended with status 3\. Its log, .*worker\.log, .*out of luck"):
        family.check()


def test_a_command_that_fails_is_named_with_the_end_of_its_log(family: Family) -> None:
    with pytest.raises(ChildDied, match=r"(?s)The migrate ended with status 1.*no such table"):
        family.complete("migrate", [sys.executable, "-c", "raise SystemExit('no such table')"], os.environ)


def test_children_end_with_a_runner_that_is_killed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", _RUNNER, str(tmp_path), str(writing)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[writing],
    ) as runner:  # fmt: skip
        os.close(writing)
        assert runner.stdout is not None
        assert runner.stdout.readline() == b"started\n"
        runner.kill()
    # The pipe ends when its last writer does.
    with open(reading, "rb") as pipe:
        assert pipe.read() == b""


def test_what_a_dead_runner_left_behind_is_found_and_stopped(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    mark = "0123456789abcdef"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mark").write_text(mark)
    # Deaf to SIGTERM and child of a shell: found all the same, and killed.
    with subprocess.Popen(
        ["/bin/sh", "-c", '"$0" -c "$1"; true', sys.executable, _DEAF],
        env={**os.environ, "PAPER_ROUND_RUN": mark}, stdout=subprocess.PIPE,
    ) as left_behind:  # fmt: skip
        assert left_behind.stdout is not None
        assert left_behind.stdout.readline() == b"deaf\n"
        assert stop_marked(mark, grace=0.1) == 2
        assert left_behind.wait() != 0
    assert marked(mark) == {}
    assert Family(tmp_path / "run", tmp_path / "log").adopt_nothing() == 0
    assert bystander.poll() is None
