"""Several workers at the door at the same time, each with a connection of its own."""

import datetime as dt
import threading

import pytest
from django.db import connection
from pytest_django import Settings

from subscriptions import door, limits
from subscriptions.consent import SignUp
from subscriptions.models import Notice, Request, Topic

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(workers: int, now: dt.datetime) -> list[door.Answered]:
    answered: list[door.Answered] = []
    gate = threading.Barrier(workers)

    def work() -> None:
        try:
            gate.wait()
            answered.append(door.answer(now, 50))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered


@pytest.fixture(autouse=True)
def _fresh_counters(settings: Settings) -> None:
    limits.client(settings.REDIS_URL).flushdb()


def test_workers_share_the_requests_and_answer_each_once(topics: list[Topic], now: dt.datetime) -> None:
    for number in range(40):
        door.ask_to_sign_up(SignUp(f"reader{number}@example.org"), now)
    answered = _at_once(3, now)
    assert sum(each.mailed for each in answered) == 40
    assert Notice.objects.count() == 40


@pytest.mark.parametrize("redis", [True, False], ids=["with Redis", "without Redis"])
def test_a_mailbox_gets_one_message_however_many_workers_answer(
    topics: list[Topic], now: dt.datetime, settings: Settings, redis: bool
) -> None:
    if not redis:
        settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    for number in range(12):
        door.ask_to_sign_up(SignUp(f"ada+{number}@example.org"), now)
    answered = _at_once(4, now)
    assert (sum(each.mailed for each in answered), sum(each.refused for each in answered)) == (1, 11)
    assert Request.objects.filter(outcome="mailed").count() == Notice.objects.count() == 1
