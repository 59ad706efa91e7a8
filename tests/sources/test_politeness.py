"""Turns at hosts, kept in Redis."""

import secrets
import threading
import time

import pytest
import redis
from django.conf import settings

from digest.sources import politeness
from digest.sources.politeness import Busy, Politeness


@pytest.fixture
def server() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


@pytest.fixture
def domain() -> str:
    return f"{secrets.token_hex(6)}.example.org"


class Naps:
    """Counts the seconds that would have been slept, and sleeps none."""

    def __init__(self) -> None:
        self.taken = list[float]()

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def test_a_second_request_waits_for_the_pause(server: redis.Redis, domain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "_LONGEST_NAP", 600.0)
    naps = Naps()
    polite = Politeness(server, pauses={domain: 300.0}, patience=400.0, sleep=naps)
    begun = time.monotonic()
    with polite.turn(domain):
        assert naps.taken == []
    with pytest.raises(Busy), polite.turn(f"export.{domain}"):
        pass
    # What has gone by since the first began is spared; Redis counts in milliseconds.
    assert 300.0 - (time.monotonic() - begun) - 0.01 <= naps.taken[0] <= 300.0


def test_a_long_pause_is_slept_in_short_naps(server: redis.Redis, domain: str) -> None:
    naps = Naps()
    polite = Politeness(server, pauses={domain: 300.0}, patience=12.0, sleep=naps)
    with polite.turn(domain):
        pass
    with pytest.raises(Busy), polite.turn(domain):
        pass
    assert naps.taken == [5.0, 5.0]


def test_other_hosts_do_not_wait(server: redis.Redis, domain: str) -> None:
    naps = Naps()
    polite = Politeness(server, pauses={domain: 60.0}, sleep=naps)
    with polite.turn(domain), polite.turn(f"other-{domain}"):
        assert naps.taken == []


def test_one_connection_at_a_time_whatever_the_pause(server: redis.Redis, domain: str) -> None:
    polite = Politeness(server, pause=0.0, patience=0.5, sleep=Naps())
    with polite.turn(domain), pytest.raises(Busy, match="was not free within 0 s"), polite.turn(domain):
        pass
    with polite.turn(domain):
        pass


def test_workers_take_turns(server: redis.Redis, domain: str) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def run() -> None:
        nonlocal inside, most
        with Politeness(redis.Redis.from_url(settings.REDIS_URL), pause=0.01).turn(domain):
            with lock:
                inside += 1
                most = max(most, inside)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
