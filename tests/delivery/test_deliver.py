"""From the ledger to a relay and back, on a real database and a real socket."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction

from digest.delivery import deliver, queue_notices
from digest.models import Delivery
from subscriptions.models import Suppression
from tests.delivery.cast import HOUR, MONDAY, letters, notice_for, policy, reader, waiting
from tests.delivery.relay import Relay, at_step

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_message_is_handed_over_once_and_the_reply_is_kept(relay: Relay) -> None:
    ada, _ = waiting("ada", "grace")
    delivered = deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    assert (delivered.claimed, delivered.by_state, delivered.halted) == (2, {"accepted": 2}, "")
    assert [taken.recipient for taken in relay.taken] == ["ada@example.org", "grace@example.org"]
    ada.refresh_from_db()
    assert (ada.state, ada.reply_code, ada.reply, ada.attempts) == ("accepted", 250, "250 2.0.0 queued", 1)
    assert ada.finished_at is not None
    assert (ada.lease_expires_at, ada.claimed_by) == (None, "")
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).claimed == 0
    assert len(relay.taken) == 2


def test_many_messages_go_over_few_connections(relay: Relay) -> None:
    waiting(*(f"reader{n}" for n in range(60)))
    delivered = deliver(MONDAY, 100, policy=policy(relay.url, connections=5, chunk=25, slice=10), make=letters)
    assert delivered.by_state == {"accepted": 60}
    assert len({taken.recipient for taken in relay.taken}) == 60
    assert relay.connections <= 5


def test_notices_go_first(relay: Relay) -> None:
    waiting("ada")
    notice_for(reader("grace"))
    queue_notices(MONDAY)
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    assert [taken.recipient for taken in relay.taken] == ["grace@example.org", "ada@example.org"]


def test_two_workers_send_one_message_once(relay: Relay) -> None:
    waiting(*(f"reader{n}" for n in range(40)))
    start = threading.Barrier(2)
    claimed: list[int] = []

    def work() -> None:
        start.wait()
        claimed.append(deliver(MONDAY, 40, policy=policy(relay.url, connections=2, chunk=10), make=letters).claimed)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(claimed) == 40
    assert sorted(taken.recipient for taken in relay.taken) == sorted(f"reader{n}@example.org" for n in range(40))


def test_it_refuses_to_claim_inside_a_transaction(relay: Relay) -> None:
    waiting("ada")
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction.atomic():
        deliver(MONDAY, 10, policy=policy(relay.url), make=letters)


# What the relay may say


@pytest.mark.parametrize(("step", "stage"), [("mail", "mail"), ("rcpt", "data"), ("data", "data"), ("dot", "dot")])
def test_a_temporary_refusal_is_tried_again_later(relay: Relay, step: str, stage: str) -> None:
    (ada,) = waiting("ada")
    relay.script = at_step(step, "451 4.3.0 try again", times=1)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"deferred": 1}
    ada.refresh_from_db()
    assert (ada.state, ada.stage, ada.reply_code, ada.attempts) == ("deferred", stage, 451, 1)
    assert "451 4.3.0 try again" in ada.reason
    assert MONDAY + dt.timedelta(minutes=3) < ada.next_attempt_at < MONDAY + dt.timedelta(minutes=7)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).claimed == 0
    assert deliver(MONDAY + HOUR, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}
    assert len(relay.taken) == 1


def test_it_gives_up_after_two_days(relay: Relay) -> None:
    (ada,) = waiting("ada")
    relay.script = at_step("rcpt", "451 4.3.0 try again")
    now, tries = MONDAY, 0
    while (found := Delivery.objects.get()).state != "failed":
        now, tries = max(now, found.next_attempt_at), tries + 1
        deliver(now, 10, policy=policy(relay.url), make=letters)
    ada.refresh_from_db()
    assert ada.reason.startswith("gave up after 48 h")
    assert dt.timedelta(hours=48) <= now - MONDAY < dt.timedelta(hours=54)
    assert 12 < tries < 25


def test_an_unknown_recipient_fails_with_the_reply_and_the_others_go_out(relay: Relay) -> None:
    ada, _, _ = waiting("ada", "grace", "alan")
    relay.script = at_step("rcpt", "550 5.1.1 no such user", "ada")
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"failed": 1, "accepted": 2}
    ada.refresh_from_db()
    assert (ada.state, ada.reply) == ("failed", "550 5.1.1 no such user")
    assert ada.reason == "the address does not exist: 550 5.1.1 no such user"
    assert ada.finished_at is not None
    assert {taken.recipient for taken in relay.taken} == {"grace@example.org", "alan@example.org"}


def test_a_refusal_of_the_sender_fails_nobody_and_suppresses_nobody(relay: Relay) -> None:
    waiting("ada", "grace")
    relay.script = at_step("rcpt", "550 5.7.1 blocked for poor reputation")
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"deferred": 2}
    assert not Suppression.objects.exists()


def test_a_relay_that_refuses_the_sender_is_left_alone_after_three_attempts(relay: Relay) -> None:
    waiting(*(f"reader{n}" for n in range(30)))
    relay.script = at_step("mail", "550 5.7.1 sender not allowed")
    delivered = deliver(MONDAY, 30, policy=policy(relay.url, connections=3), make=letters)
    assert delivered.halted.startswith("the relay refuses MAIL")
    assert delivered.by_state["deferred"] < 10
    assert sum(delivered.by_state.values()) == 30
    assert not Delivery.objects.filter(state__in=["claimed", "sending", "failed"]).exists()


def test_an_empty_transaction_is_ended_by_a_lone_dot(relay: Relay) -> None:
    waiting("ada", "grace")
    reply = {"rcpt": "550 5.1.1 no such user", "data": "354 go on"}
    relay.script = lambda step, recipient: reply.get(step) if recipient.startswith("ada") else None
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"failed": 1, "accepted": 1}
    assert [taken.recipient for taken in relay.taken] == ["grace@example.org"]
