"""What dead workers held, what providers tell of it, and every attempt of a delivery."""

import datetime as dt
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from digest import tasks
from digest.delivery import Told, clocks, deliver, levers, recover, reports, settle
from digest.models import Attempt, Bounce, Brake, Delivery
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import DROP, Relay

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = dt.timedelta(minutes=1)
NOTHING = dt.timedelta(0)


def dies_while_sending(delivery: Delivery) -> Delivery:
    """A worker claims the delivery, commits `sending` and is never heard of again; its lease has run out."""
    dead = {"claimed_by": "host:1:dead", "lease_expires_at": timezone.now() - MINUTE, "fence": 1}
    Delivery.objects.update(state="claimed", **dead)
    Delivery.objects.filter(pk=delivery.pk).update(state="sending", attempts=1)
    delivery.refresh_from_db()
    return delivery


def state(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.state


def test_what_a_dead_worker_claimed_is_queued_and_what_it_was_sending_is_uncertain() -> None:
    ada, grace = waiting("ada", "grace")
    dies_while_sending(ada)
    recovered = recover(MONDAY, policy=policy("smtp://127.0.0.1:9"))
    assert (recovered.queued, recovered.uncertain) == (1, 1)
    assert (state(ada), state(grace)) == ("uncertain", "queued")
    attempt = Attempt.objects.get()
    assert (attempt.delivery_id, attempt.number, attempt.state, attempt.worker) == (ada.pk, 1, "uncertain", "host:1:dead")


def test_a_provider_that_reports_has_a_quarter_of_an_hour_to_settle_a_doubt() -> None:
    (ada,) = waiting("ada")
    sender = policy("smtp://127.0.0.1:9", settle=15 * MINUTE)
    dies_while_sending(ada)
    recover(MONDAY, policy=sender)
    assert recover(MONDAY + 14 * MINUTE, policy=sender).queued == 0
    assert settle(ada.message_id, Told.DELIVERED, MONDAY + 14 * MINUTE)
    assert state(ada) == "accepted"
    assert recover(MONDAY + 16 * MINUTE, policy=sender).queued == 0


def test_without_a_word_it_is_sent_once_more() -> None:
    (ada,) = waiting("ada")
    sender = policy("smtp://127.0.0.1:9", settle=15 * MINUTE)
    dies_while_sending(ada)
    recover(MONDAY, policy=sender)
    assert recover(MONDAY + 15 * MINUTE, policy=sender).queued == 1


@pytest.mark.parametrize(
    ("told", "becomes"),
    [(Told.ACCEPTED, "accepted"), (Told.DELIVERED, "accepted"), (Told.BOUNCED, "accepted"), (Told.REFUSED, "failed")],
)
def test_a_word_settles_what_is_uncertain(told: Told, becomes: str) -> None:
    (ada,) = waiting("ada")
    dies_while_sending(ada)
    recover(MONDAY, policy=policy("smtp://127.0.0.1:9"))
    assert settle(ada.pk, told, MONDAY)
    assert state(ada) == becomes
    assert not settle(ada.pk, told, MONDAY), "the same event comes again"


def test_a_word_that_comes_before_anyone_noticed_the_death_counts() -> None:
    (ada,) = waiting("ada")
    dies_while_sending(ada)
    assert settle(ada.message_id, Told.ACCEPTED, MONDAY)
    assert recover(MONDAY, policy=policy("smtp://127.0.0.1:9")).uncertain == 0


def test_a_word_that_comes_when_it_waits_to_be_sent_again_spares_the_copy(relay: Relay) -> None:
    (ada,) = waiting("ada")
    dies_while_sending(ada)
    sender = policy(relay.url, settle=NOTHING)
    recover(MONDAY, policy=sender)
    recover(MONDAY, policy=sender)
    assert state(ada) == "deferred"
    assert settle(ada.message_id, Told.DELIVERED, MONDAY)
    assert deliver(MONDAY, 10, policy=sender, make=letters).claimed == 0


def test_a_word_about_what_was_never_sent_or_is_unknown_changes_nothing() -> None:
    (ada,) = waiting("ada")
    assert not settle(ada.message_id, Told.DELIVERED, MONDAY)
    assert not settle("<nobody@example.org>", Told.DELIVERED, MONDAY)
    assert state(ada) == "queued"


def test_the_story_has_every_attempt_and_every_reply(relay: Relay) -> None:
    waiting("ada")
    now = MONDAY
    for script in (
        lambda step, recipient: "451 4.2.1 busy" if step == "rcpt" else None,
        lambda step, recipient: DROP if step == "data" else None,
        lambda step, recipient: None,
    ):
        relay.script = script
        deliver(now, 10, policy=policy(relay.url), make=letters)
        now += dt.timedelta(hours=1)
    told = levers.told(levers.story("ada@example.org")[0])
    assert [(line.attempt, line.state, line.reply) for line in told] == [
        (1, "deferred", "451 4.2.1 busy"),
        (2, "deferred", ""),
        (3, "accepted by the relay", "250 2.0.0 queued"),
    ]
    output = StringIO()
    call_command("deliveries", "ada@example.org", stdout=output)
    assert "451 4.2.1 busy" in output.getvalue()
    assert "before 354" in output.getvalue()


def test_what_is_deferred_can_be_tried_at_once(relay: Relay) -> None:
    waiting("ada")
    relay.script = lambda step, recipient: "451 4.2.1 busy" if step == "rcpt" else None
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    relay.script = lambda step, recipient: None
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).claimed == 0
    assert levers.hasten(MONDAY, "ada", domain="example.net") == 0
    assert levers.hasten(MONDAY, "ada", why="they are back") == 1
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}


# Reports that blame us


def blame(delivery: Delivery, number: int, at: dt.datetime) -> None:
    for _ in range(number):
        Bounce.objects.create(delivery=delivery, verdict="sender-fault", status="5.7.1", why="blocked", received_at=at)


def test_five_reports_that_blame_us_close_a_domain_and_no_other(relay: Relay) -> None:
    (ada,) = waiting("ada", domain="example.com")
    waiting("grace", domain="example.net")
    blame(ada, 4, MONDAY)
    assert reports.heed(MONDAY) == []
    blame(ada, 1, MONDAY)
    assert reports.heed(MONDAY) == ["example.com"]
    assert reports.heed(MONDAY) == [], "it is open already"
    assert "blame us: blocked" in Brake.objects.standing().get().why
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).claimed == 1


def test_reports_count_anew_after_the_breaker_and_then_it_waits_longer() -> None:
    (ada,) = waiting("ada", domain="example.com")
    blame(ada, 5, MONDAY)
    reports.heed(MONDAY)
    Brake.objects.update(lifted_at=MONDAY + MINUTE)
    assert reports.heed(MONDAY + 2 * MINUTE) == []
    blame(ada, 5, MONDAY + 2 * MINUTE)
    assert reports.heed(MONDAY + 2 * MINUTE) == ["example.com"]
    assert Brake.objects.standing().get().openings == 2


def test_old_reports_close_nothing() -> None:
    (ada,) = waiting("ada")
    blame(ada, 9, MONDAY - 2 * reports.WITHIN)
    assert reports.heed(MONDAY) == []


# A clock that is wrong


@pytest.mark.parametrize("by", [dt.timedelta(hours=1), dt.timedelta(days=-7)])
def test_a_worker_whose_clock_is_wrong_does_nothing(by: dt.timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting("ada")
    right = timezone.now
    assert clocks.astray(right()) == ""
    monkeypatch.setattr(timezone, "now", lambda: right() + by)
    assert clocks.astray(timezone.now()).endswith("the database's")
    assert tasks.deliver_waiting() == tasks.recover_expired() == tasks.publish_due() == {}
    assert Delivery.objects.get().state == "queued"
