"""A deploy: a worker that is asked to stop finishes what is on the wire and leaves nothing in doubt."""

import datetime as dt
import itertools
import os
import select
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from digest.delivery import deliver, stopping
from digest.delivery.claims import Claims
from digest.delivery.policy import boot_seconds
from digest.environment import BASE
from digest.models import Delivery
from digest.smtp import Timeouts
from subscriptions.models import Notice
from tests.delivery.asked import PIPE
from tests.delivery.cast import MONDAY, letters, policy, reader, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = 300
# What the deployment allows before it kills (docker-compose.yml, stop_grace_period), with room.
DRAINED_WITHIN = 30


def _worker(relay: Relay, asked: int) -> "subprocess.Popen[bytes]":
    """A worker that hands over to the relay, and writes to `asked` when it was asked to stop."""
    own = connection.settings_dict
    password, host = (quote(own[name] or "", safe="") for name in ("PASSWORD", "HOST"))
    place = f"postgres://{own['USER']}:{password}@{host}:{own['PORT'] or ''}"
    return subprocess.Popen(
        [
            sys.executable, "-m", "celery", "-A", "digest", "worker", "--concurrency", "1", "--without-mingle",
            "--without-gossip", "--without-heartbeat", "--queues", "drain", "--loglevel", "WARNING",
            "--include", "tests.delivery.asked",
        ],
        cwd=BASE,
        env={
            **os.environ, "DATABASE_URL": f"{place.rstrip(':')}/{own['NAME']}", "SMTP_URL": relay.url,
            "PYTHONWARNINGS": "ignore", "SMTP_CONNECTIONS": "4", PIPE: str(asked),
        },
        pass_fds=[asked],
    )  # fmt: skip


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Its two ends, to read and to write."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_worker_that_is_asked_to_stop_leaves_nothing_in_doubt(pipe: tuple[int, int]) -> None:
    """The relay answers no final dot before the worker was asked: without the drain it would send all that waits."""
    flowing, answering = threading.Event(), threading.Event()
    told, asked = pipe

    def hold(step: str, _recipient: str) -> str | None:
        if step == "dot":
            flowing.set()
            answering.wait(300)
        return None

    now = timezone.now()
    for number in range(WAITING):
        Notice.objects.create(
            subscriber=reader(f"reader{number}"), kind=Notice.Kind.MAGIC_LINK, key=f"drain:{number}",
            context={"generation": 0, "because": "link"}, expires_at=now + dt.timedelta(minutes=30),
        )  # fmt: skip
    from digest.tasks import deliver_waiting

    relay = Relay(script=hold).start()
    worker = _worker(relay, asked)
    try:
        deliver_waiting.apply_async(queue="drain")
        assert flowing.wait(240), "nothing was sent"
        worker.send_signal(signal.SIGTERM)
        assert select.select([told], [], [], 60)[0], "the worker does not hear that it was asked"
        answering.set()
        assert worker.wait(DRAINED_WITHIN) == 0
    finally:
        answering.set()
        if worker.poll() is None:
            worker.kill()
            worker.wait()
        relay.stop()
    states = {state: Delivery.objects.filter(state=state).count() for state in Delivery.State}
    assert states[Delivery.State.UNCERTAIN] == states[Delivery.State.SENDING] == states[Delivery.State.CLAIMED] == 0
    assert states[Delivery.State.ACCEPTED] == len(relay.taken)
    assert 0 < states[Delivery.State.ACCEPTED] < WAITING
    assert states[Delivery.State.QUEUED] == WAITING - states[Delivery.State.ACCEPTED]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Have the worker asked to stop so many seconds ago."""

    def ask(seconds: float) -> None:
        monkeypatch.setattr(stopping, "asked", lambda: True)
        monkeypatch.setattr(stopping, "lasted", lambda: seconds)

    return ask


def _states() -> dict[str, int]:
    return dict(Counter(Delivery.objects.values_list("state", flat=True)))


def test_a_claim_that_is_under_way_when_the_worker_is_asked_to_stop_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting("ada", "grace", "lise")
    claimed: list[int] = []
    begin = Claims.begin

    def begun(self: Claims, *args: Any, **more: Any) -> None:
        begin(self, *args, **more)
        claimed.append(1)

    passes = itertools.count()

    def ask() -> bool:
        assert next(passes) < 5_000, "the run does not end"
        return bool(claimed)

    monkeypatch.setattr(Claims, "begin", begun)
    monkeypatch.setattr(stopping, "asked", ask)
    relay = Relay().start()
    done = deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    relay.stop()
    assert claimed == [1]
    assert (relay.taken, done.by_state, done.more) == ([], {"queued": 3}, True)
    assert _states() == {"queued": 3}
    assert not Delivery.objects.exclude(claimed_by="").exists()


class _Silent:
    """A relay that says nothing any more at one step, until the test is over; `then` is done when it comes to it."""

    def __init__(self, step: str, then: Callable[[], None]) -> None:
        self._step, self._then, self._over = step, then, threading.Event()

    def __call__(self, step: str, _recipient: str) -> str | None:
        if step == self._step:
            self._then()
            self._over.wait(30)
        return None

    def deliver(self, **waits: float) -> Delivery:
        """Have the one delivery that waits tried at this relay."""
        relay = Relay(self).start()
        try:
            deliver(MONDAY, 10, policy=policy(relay.url, timeouts=Timeouts(**waits)), make=letters)
        finally:
            self._over.set()
            relay.stop()
        return Delivery.objects.get()


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_message_without_its_final_dot_is_broken_off_in_time_and_not_in_doubt(
    asked: Callable[[float], None], step: str
) -> None:
    waiting("ada")
    delivery = _Silent(step, lambda: asked(stopping.HURRY_SECONDS)).deliver(command=20, data=20, dot=20)
    assert delivery.state == "deferred"
    assert "asked to stop" in delivery.reason


def test_an_answer_to_a_final_dot_is_waited_for_while_there_is_time(asked: Callable[[float], None]) -> None:
    waiting("ada")
    came_by = threading.Event()

    def clock() -> float:
        came_by.set()
        return boot_seconds()

    def late(step: str, _recipient: str) -> str | None:
        if step == "dot":
            asked(stopping.LAST_SECONDS - 1)
            for _ in range(3):  # the loop looks at its clock again and again while the answer is owed
                came_by.clear()
                assert came_by.wait(60)
        return None

    relay = Relay(late).start()
    deliver(MONDAY, 10, policy=policy(relay.url, clock=clock), make=letters)
    relay.stop()
    assert _states() == {"accepted": 1}
    assert len(relay.taken) == 1


def test_a_relay_that_never_answers_holds_no_worker_up(asked: Callable[[float], None]) -> None:
    waiting("ada")
    delivery = _Silent("dot", lambda: asked(stopping.LAST_SECONDS)).deliver(dot=20)
    assert delivery.state == "uncertain"
    assert "asked to stop" in delivery.reason
