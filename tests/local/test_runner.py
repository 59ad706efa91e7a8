"""`make run` as its user sees it: started, interrupted, killed, started again."""

import os
import signal
import urllib.request
from pathlib import Path

import pytest

from digest.local import ports
from digest.local.family import marked
from digest.local.private import Private
from digest.local.servers import Postgres, Valkey
from tests.local.runs import Run, commands, password, run


def _get(address: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=120) as answer:
        return int(answer.status)


@pytest.mark.long
def test_a_run_serves_until_it_is_asked_to_stop_and_leaves_nothing(home: Path) -> None:
    with ports.listen() as somebody, run(home, "--port", str(ports.number(somebody))) as first:
        first.until("Ctrl-C stops all of it.")
        assert f"Port {ports.number(somebody)} is taken; the site uses {first.site().rpartition(':')[2]}." in first.output
        assert [_get(f"{first.site()}{path}") for path in ("/", "/inbox/", "/admin/login/")] == [200, 200, 200]
        assert password(first.output)
        mark = first.mark()
        second = Run(home)
        assert second.end() == 1
        assert "Paper Round already runs in" in second.output
        assert first.end(signal.SIGINT) == 0
    assert marked(mark) == {}


@pytest.mark.long
def test_the_account_of_the_admin_is_made_by_the_first_run_that_serves_it(home: Path) -> None:
    with run(home, "--once") as once:
        assert once.end() == 0
        assert password(once.output) is None
        with run(home) as serving:
            serving.until("Ctrl-C stops all of it.")
            assert password(serving.output)
            assert serving.end(signal.SIGTERM) == 0


@pytest.mark.long
def test_after_kill_9_the_next_run_starts_clean_and_shows_no_password_again(home: Path) -> None:
    with run(home) as killed:
        killed.until("Ctrl-C stops all of it.")
        mark = killed.mark()
        killed.process.kill()
        killed.end()
        with run(home) as successor:
            successor.until("Ctrl-C stops all of it.")
            assert marked(mark) == {}
            assert password(successor.output) is None
            assert successor.end(signal.SIGTERM) == 0
        assert (Postgres(home).running(), Valkey(home).running()) == (False, False)


@pytest.mark.long
def test_a_part_that_dies_is_named_and_takes_the_rest_with_it(home: Path) -> None:
    with run(home) as one:
        one.until("Ctrl-C stops all of it.")
        mark = one.mark()
        worker = next(pid for pid, words in commands(mark).items() if "worker" in words)
        os.kill(worker, signal.SIGKILL)
        assert one.end() == 1
        assert "The worker was killed by SIGKILL" in one.output
        assert marked(mark) == {}


@pytest.mark.parametrize(
    ("name", "url", "complaint"),
    [
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none", "PostgreSQL does not answer"),
        ("REDIS_URL", "redis://127.0.0.1:1", "Redis does not answer at REDIS_URL"),
        ("REDIS_URL", "nonsense", "Redis does not answer at REDIS_URL"),
    ],
)
def test_a_server_of_ones_own_that_does_not_answer_is_named(home: Path, name: str, url: str, complaint: str) -> None:
    with run(home, environment={name: url}) as one:
        assert one.end() == 1
        assert complaint in one.output
        assert "Traceback" not in one.output


@pytest.mark.usefixtures("bare")
def test_servers_that_were_up_stay_up(home: Path) -> None:
    Private(home).start()
    with run(home) as one:
        # Interrupted in the middle of starting.
        one.until("Start PostgreSQL and Valkey")
        assert one.end(signal.SIGTERM) == 0
        assert (Postgres(home).running(), Valkey(home).running()) == (True, True)
