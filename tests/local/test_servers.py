"""The private servers outlive accidents."""

import os
import signal
import stat
from pathlib import Path

import psycopg
import pytest
import redis

from digest.local.private import Private
from digest.local.servers import Postgres, ServerFailed, Valkey, place

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must step down to another account")


def _kill(pid_file: Path) -> None:
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)


def test_postgres_comes_back_after_kill_9_with_what_was_committed(home: Path) -> None:
    postgres = Postgres(home)
    postgres.start()
    postgres.create()
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    _kill(home / "postgres" / "postmaster.pid")
    postgres.start()
    postgres.create()
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]


def test_valkey_comes_back_after_kill_9(home: Path) -> None:
    valkey = Valkey(home)
    valkey.start()
    _kill(home / "valkey" / "server.pid")
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.ping()


def test_a_pid_file_that_names_another_program_since_a_reboot_is_passed_over(home: Path) -> None:
    postgres = Postgres(home)
    postgres.start()
    postgres.stop()
    pid_file = home / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{home / 'postgres'}\n")
    postgres.start()
    assert postgres.running()


def test_an_interrupted_first_start_leaves_nothing_that_looks_finished(home: Path) -> None:
    partial = home / "postgres.partial"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("18\n")
    postgres = Postgres(home)
    postgres.start()
    assert postgres.running()
    assert not partial.exists()


@pytest.mark.usefixtures("bare")
def test_a_run_stops_what_a_run_started_and_leaves_what_was_put_up(home: Path) -> None:
    private = Private(home)
    private.stop()
    Valkey(home).start()
    private.start_for_a_run()
    # That run is killed; the next one takes over its duties.
    successor = Private(home)
    successor.start_for_a_run()
    successor.stop_after_a_run()
    assert (Postgres(home).running(), Valkey(home).running()) == (False, True)


@pytest.mark.usefixtures("bare")
def test_servers_that_are_put_up_during_a_run_stay(home: Path) -> None:
    private = Private(home)
    private.stop()
    private.start_for_a_run()
    Private(home).keep()
    private.stop_after_a_run()
    assert (Postgres(home).running(), Valkey(home).running()) == (True, True)


@as_root
@pytest.mark.usefixtures("bare")
def test_under_a_closed_directory_the_data_lives_elsewhere_and_nothing_is_opened(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "var"
    elsewhere = place(home)
    assert not elsewhere.is_relative_to(closed)
    home.mkdir()
    valkey = Valkey(home)
    try:
        valkey.start()
        assert valkey.running()
    finally:
        Private(home).erase()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not elsewhere.exists()


def test_a_path_too_long_for_a_socket_gets_a_short_one(home: Path) -> None:
    long = home / ("x" * 90)
    (long / "valkey").mkdir(parents=True)
    url = Valkey(long).url.removeprefix("unix://")
    assert len(url) <= 100
    Path(url).parent.rmdir()


@pytest.mark.usefixtures("bare")
def test_erasing_leaves_what_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "letter.txt").write_text("mine")
    Private(tmp_path).erase()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.usefixtures("bare")
def test_a_private_server_that_stops_during_a_run_is_named_with_its_log(home: Path) -> None:
    private = Private(home)
    private.start()
    private.check()
    _kill(home / "valkey" / "server.pid")
    with pytest.raises(ServerFailed, match=r"The private valkey has stopped\. Its log is .*server\.log"):
        private.check()
