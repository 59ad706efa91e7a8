"""Workers that die, are overtaken or run out of time."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from digest.delivery import claims, deliver, recover
from digest.delivery.books import Books
from digest.delivery.journal import Page
from digest.models import Delivery
from tests.delivery.cast import MONDAY, Clock, letters, policy, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_whose_time_is_up_while_it_claims_gives_back_what_it_gets_and_ends(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting("ada", "grace")
    clock, begin = Clock(), claims.Claims.begin

    def begin_late(each: claims.Claims, *asked: Any, **more: Any) -> None:
        begin(each, *asked, **more)
        clock.ahead = 10.0

    monkeypatch.setattr(claims.Claims, "begin", begin_late)
    delivered = deliver(MONDAY, 10, policy=policy(relay.url, clock=clock, seconds=5.0), make=letters)
    assert (delivered.claimed, delivered.by_state, delivered.more) == (2, {"queued": 2}, True)
    assert relay.taken == []


def test_a_dead_workers_claims_are_queued_again_and_its_sends_are_uncertain(relay: Relay) -> None:
    ada, grace = waiting("ada", "grace")
    claims.claim(MONDAY, 10, "a worker that dies", dt.timedelta(minutes=-1))
    grace.refresh_from_db()
    books = Books()
    books.begin(Page([], [grace], MONDAY), dt.timedelta(minutes=-1))
    assert books.wait().begun == {grace.pk}
    books.close()
    recovered = recover(MONDAY, policy=policy(relay.url))
    assert (recovered.queued, recovered.uncertain) == (1, 1)
    ada.refresh_from_db()
    grace.refresh_from_db()
    assert (ada.state, ada.attempts, grace.state, grace.doubts) == ("queued", 0, "uncertain", 1)
    assert grace.reason == "its worker died while sending it"
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}


def test_a_running_lease_is_left_alone(relay: Relay) -> None:
    waiting("ada")
    claims.claim(MONDAY, 10, "a worker that lives", dt.timedelta(minutes=1))
    recovered = recover(MONDAY + dt.timedelta(days=7), policy=policy(relay.url))
    assert (recovered.queued, recovered.uncertain) == (0, 0)


def test_a_claim_that_was_taken_over_sends_and_records_nothing(relay: Relay) -> None:
    """While the first worker waits for 354, its lease runs out and another claims the delivery."""
    (ada,) = waiting("ada")

    def take_over(step: str, recipient: str) -> str | None:
        if step == "data":
            Delivery.objects.update(lease_expires_at=MONDAY - dt.timedelta(days=365))
            recover(MONDAY, policy=policy(relay.url))
            claims.claim(MONDAY, 10, "another worker", dt.timedelta(minutes=1))
            connection.close()
        return None

    relay.script = take_over
    delivered = deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    assert (delivered.by_state, relay.taken) == ({"superseded": 1}, [])
    ada.refresh_from_db()
    assert (ada.state, ada.claimed_by, ada.fence) == ("claimed", "another worker", 2)


def test_an_answer_that_comes_after_the_lease_settles_what_nobody_has_claimed_since(relay: Relay) -> None:
    (ada,) = waiting("ada")

    def expire(step: str, recipient: str) -> str | None:
        if step == "dot":
            Delivery.objects.update(lease_expires_at=MONDAY - dt.timedelta(days=365))
            recover(MONDAY, policy=policy(relay.url))
            connection.close()
        return None

    relay.script = expire
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}
    ada.refresh_from_db()
    assert (ada.state, ada.doubts) == ("accepted", 1)
