"""A deploy: a worker that is asked to stop finishes what is on the wire and leaves nothing in doubt."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from digest.environment import BASE
from digest.models import Delivery
from subscriptions.models import Notice
from tests.delivery.cast import reader
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = 300
# What the deployment allows before it kills (docker-compose.yml, stop_grace_period), with room.
DRAINED_WITHIN = 30


def _worker(relay: Relay) -> "subprocess.Popen[bytes]":
    own = connection.settings_dict
    password, host = (quote(own[name] or "", safe="") for name in ("PASSWORD", "HOST"))
    place = f"postgres://{own['USER']}:{password}@{host}:{own['PORT'] or ''}"
    return subprocess.Popen(
        [
            sys.executable, "-m", "celery", "-A", "digest", "worker", "--concurrency", "1", "--without-mingle",
            "--without-gossip", "--without-heartbeat", "--queues", "drain", "--loglevel", "WARNING",
        ],
        cwd=BASE,
        env={
            **os.environ, "DATABASE_URL": f"{place.rstrip(':')}/{own['NAME']}", "SMTP_URL": relay.url,
            "PYTHONWARNINGS": "ignore", "SMTP_CONNECTIONS": "4",
        },
    )  # fmt: skip


def test_a_worker_that_is_asked_to_stop_leaves_nothing_in_doubt() -> None:
    # A slow relay: without the drain the worker would stay for half a minute and more.
    flowing = threading.Event()

    def slow(step: str, _recipient: str) -> str | None:
        if step == "dot":
            flowing.set()
            time.sleep(0.5)
        return None

    now = timezone.now()
    for number in range(WAITING):
        Notice.objects.create(
            subscriber=reader(f"reader{number}"), kind=Notice.Kind.MAGIC_LINK, key=f"drain:{number}",
            context={"generation": 0, "because": "link"}, expires_at=now + dt.timedelta(minutes=30),
        )  # fmt: skip
    from digest.tasks import deliver_waiting

    relay = Relay(script=slow).start()
    worker = _worker(relay)
    try:
        deliver_waiting.apply_async(queue="drain")
        assert flowing.wait(240), "nothing was sent"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(DRAINED_WITHIN) == 0
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
        relay.stop()
    states = {state: Delivery.objects.filter(state=state).count() for state in Delivery.State}
    assert states[Delivery.State.UNCERTAIN] == states[Delivery.State.SENDING] == states[Delivery.State.CLAIMED] == 0
    assert states[Delivery.State.ACCEPTED] == len(relay.taken)
    assert 0 < states[Delivery.State.ACCEPTED] < WAITING
    assert states[Delivery.State.QUEUED] == WAITING - states[Delivery.State.ACCEPTED]
