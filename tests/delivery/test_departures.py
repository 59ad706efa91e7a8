"""Whoever left, by whatever way, gets nothing that was not committed to them within five seconds of it."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection

from digest import bounces
from digest.delivery import deliver
from digest.messages import return_path
from digest.models import Delivery
from subscriptions import consent, importing, jobs, suppression, tokens
from subscriptions.models import Subscription, Suppression
from tests.bounces.reports import delivery_status, feedback
from tests.delivery.cast import MONDAY, Clock, letters, policy, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)


def one_click(delivery: Delivery) -> None:
    subscription = Subscription.objects.get(subscriber=delivery.subscriber)
    token = tokens.unsubscribe_path(subscription.pk).rstrip("/").rpartition("/")[2]
    assert consent.unsubscribe(token, MONDAY, "one-click").outcome == "ended"


def complaint(delivery: Delivery) -> None:
    assert bounces.record(feedback("abuse"), MONDAY, return_path(delivery.pk)).done == "the address is suppressed"


def bounce(delivery: Delivery) -> None:
    report = delivery_status("550 5.1.1 No such user here", "5.1.1")
    assert bounces.record(report, MONDAY, return_path(delivery.pk)).done == "the address is suppressed"


def operator(delivery: Delivery) -> None:
    suppression.suppress(delivery.subscriber.address.upper(), Suppression.Reason.OPERATOR, "asked by letter", MONDAY)


WAYS = [one_click, complaint, bounce, operator]


@pytest.mark.parametrize("leave", WAYS)
def test_whoever_left_after_the_message_was_queued_is_not_even_named_to_the_relay(
    relay: Relay, leave: Callable[[Delivery], None]
) -> None:
    _, grace = waiting("ada", "grace")
    leave(grace)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1, "skipped": 1}
    assert [taken.recipient for taken in relay.taken] == ["ada@example.org"]


@pytest.mark.parametrize("leave", WAYS)
def test_whoever_leaves_between_the_claim_and_the_message_gets_nothing_five_seconds_later(
    relay: Relay, leave: Callable[[Delivery], None]
) -> None:
    """All are claimed at once; while the first one's message is under way the second leaves, and five seconds pass."""
    _, grace = waiting("ada", "grace")
    clock = Clock()
    left: list[str] = []

    def script(step: str, recipient: str) -> str | None:
        if step == "data" and not left:
            left.append(recipient)
            leave(grace)
            clock.ahead += 5.0
            connection.close()
        return None

    relay.script = script
    sender = policy(relay.url, clock=clock, connections=1)
    deliver(MONDAY, 10, policy=sender, make=letters)
    assert left == ["ada@example.org"]
    assert "grace@example.org" not in [taken.recipient for taken in relay.taken]
    grace.refresh_from_db()
    assert grace.state == "skipped"


@pytest.mark.parametrize("written", ["grace@example.org", "GRACE@Example.ORG", "  grace@example.org "])
def test_no_import_brings_a_suppressed_address_back(relay: Relay, written: str) -> None:
    (grace,) = waiting("grace")
    complaint(grace)
    by = User.objects.create_user("operator")
    how = "Ticked a box at the conference desk, March 2026: send me the weekly list."
    job = importing.begin(f"email\n{written}\n", {"email": "address"}, how, MONDAY, by, MONDAY, "")
    while jobs.advance(lambda: MONDAY, dt.timedelta(seconds=1)) is not None:
        pass
    job.refresh_from_db()
    assert job.result["counts"].get("new", 0) == 0
    assert Suppression.objects.standing().count() == 1
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"skipped": 1}
    assert relay.taken == []
