"""Two hosts with workers and a beat each do the job of one, once, and one goes on when the other is gone."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import pytest

from digest.local.family import marked
from digest.local.kept import Inbox
from tests.local.runs import PATIENCE, Run, commands, run

HOSTS = ("host-1", "host-2")


def _leaders(home: Path) -> list[str]:
    """Hosts whose beat has said that it leads."""
    return [each for each in HOSTS if " leads" in (home / "log" / f"{each}-beat.log").read_text()]


def _until_leads(home: Path, host: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while host not in _leaders(home):
        assert time.monotonic() < deadline, (home / "log" / f"{host}-beat.log").read_text()
        time.sleep(0.2)


def _kill(cluster: Run, host: str) -> int:
    """SIGKILL the whole host at once; returns how many processes that were."""
    family = marked(cluster.mark())
    (eldest,) = (pid for pid, words in commands(cluster.mark()).items() if {"digest.local.host", host} <= set(words))
    gone = {eldest}
    while more := {pid for pid, parent in family.items() if parent in gone} - gone:
        gone |= more
    for pid in gone:
        with contextlib.suppress(ProcessLookupError):  # some end with their parent, sooner than their turn comes
            os.kill(pid, signal.SIGKILL)
    return len(gone)


@pytest.mark.long
def test_the_whole_job_is_done_once_by_two_hosts(home: Path) -> None:
    with run(home, "--hosts", "2", "--once") as cluster:
        assert cluster.end() == 0, cluster.output
    assert "3 of 3 digests published in this run" in cluster.output
    ids = [line.message_id for line in Inbox(home / "inbox").lines(0, 100)]
    assert len(ids) == len(set(ids)) == 6
    assert len(_leaders(home)) == 1


@pytest.mark.long
def test_the_other_host_takes_the_lead_when_one_is_gone(home: Path) -> None:
    with run(home, "--hosts", "2", "--port", "8100") as cluster:
        cluster.until("Ctrl-C stops all of it.")
        deadline = time.monotonic() + PATIENCE
        while not _leaders(home) and time.monotonic() < deadline:
            time.sleep(0.2)
        (leader,) = _leaders(home)
        (other,) = set(HOSTS) - {leader}
        assert _kill(cluster, leader) >= 5
        _until_leads(home, other)
        assert cluster.process.poll() is None
        assert cluster.end(signal.SIGTERM) == 0
    assert re.search(r"Asked to stop", cluster.output)
