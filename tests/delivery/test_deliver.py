"""From the ledger to a relay and back, on a real database and a real socket."""

import datetime as dt
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection, transaction

from digest.delivery import claims, deliver, queue_notices, recover
from digest.delivery.books import Books
from digest.delivery.journal import Page
from digest.messages import Outgoing
from digest.models import Delivery, Issue, JournalPage
from subscriptions import suppression
from subscriptions.models import Notice, Subscriber, Subscription, Suppression
from tests.delivery.cast import MONDAY, issue_for, letters, notice_for, policy, reader, waiting
from tests.delivery.relay import DROP, Relay
from tests.locks import until_somebody_waits
from tests.sockets import nobody

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = dt.timedelta(hours=1)


class Clock:
    """A clock that a test puts ahead."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def at_step(step: str, reply: str, *names: str, times: int = 1_000_000) -> Callable[[str, str], str | None]:
    """Say `reply` at `step` for these recipients (all, when none is named), this many times."""
    left = [times]

    def script(at: str, recipient: str) -> str | None:
        if at != step or left[0] <= 0 or (names and recipient.partition("@")[0] not in names):
            return None
        left[0] -= 1
        return reply

    return script


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


# How a connection may break


def long_letters(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
    """Messages longer than what the kernel holds for a connection."""
    return {
        pk: Outgoing(each.envelope_sender, each.recipient, each.content + b"All of it.\r\n" * 2_000_000)
        for pk, each in letters(deliveries, now).items()
    }


@pytest.mark.parametrize(("step", "stage"), [("mail", "mail"), ("rcpt", "data"), ("data", "data"), ("body", "body")])
def test_a_break_before_the_final_dot_is_deferred(relays: Callable[..., Relay], step: str, stage: str) -> None:
    (ada,) = waiting("ada")
    relay = relays(extensions=("PIPELINING",), script=at_step(step, DROP, times=1))
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=long_letters).by_state == {"deferred": 1}
    ada.refresh_from_db()
    assert (ada.state, ada.stage, relay.taken) == ("deferred", stage, [])
    assert deliver(MONDAY + HOUR, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}
    assert len(relay.taken) == 1


def test_a_break_after_the_final_dot_is_uncertain_and_sent_once_more_under_the_same_name(relay: Relay) -> None:
    (ada,) = waiting("ada")
    relay.script = at_step("dot", DROP, times=1)
    sender = policy(relay.url)
    assert deliver(MONDAY, 10, policy=sender, make=letters).by_state == {"uncertain": 1}
    ada.refresh_from_db()
    assert (ada.state, ada.stage, ada.doubts) == ("uncertain", "dot", 1)
    assert deliver(MONDAY + HOUR, 10, policy=sender, make=letters).claimed == 0
    assert recover(MONDAY, policy=sender).queued == 0
    assert recover(MONDAY + HOUR, policy=sender).queued == 1
    assert deliver(MONDAY + HOUR, 10, policy=sender, make=letters).by_state == {"accepted": 1}
    first, second = relay.taken
    assert first.content == second.content
    assert f"Message-ID: {ada.message_id}".encode() in first.content


def test_what_is_uncertain_twice_is_held(relay: Relay) -> None:
    (ada,) = waiting("ada")
    relay.script = at_step("dot", DROP)
    sender = policy(relay.url)
    deliver(MONDAY, 10, policy=sender, make=letters)
    recover(MONDAY + HOUR, policy=sender)
    deliver(MONDAY + HOUR, 10, policy=sender, make=letters)
    assert recover(MONDAY + 5 * HOUR, policy=sender).queued == 0
    ada.refresh_from_db()
    assert (ada.state, ada.doubts, len(relay.taken)) == ("uncertain", 2, 2)


def test_an_operator_may_have_the_uncertain_held(relay: Relay) -> None:
    waiting("ada")
    relay.script = at_step("dot", DROP)
    sender = policy(relay.url, resend=False)
    deliver(MONDAY, 10, policy=sender, make=letters)
    assert recover(MONDAY + HOUR, policy=sender).queued == 0
    assert Delivery.objects.get().state == "uncertain"


def test_the_letters_behind_a_broken_connection_go_over_another(relay: Relay) -> None:
    waiting("ada", "grace", "alan")
    relay.script = at_step("dot", DROP, "ada", times=1)
    by_state = deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state
    assert by_state == {"uncertain": 1, "deferred": 1, "accepted": 1}


def test_a_relay_whose_first_address_does_not_answer_is_reached_at_the_second(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting("ada", "grace")
    with nobody() as silent:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in (silent, relay.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 2}


def test_nothing_is_lost_while_the_relay_is_down() -> None:
    waiting("ada", "grace")
    with nobody() as port:
        delivered = deliver(MONDAY, 10, policy=policy(f"smtp://127.0.0.1:{port}"), make=letters)
    assert delivered.by_state == {"queued": 2}
    assert "could not be reached" in delivered.halted
    assert not delivered.more
    states = Delivery.objects.values_list("state", "attempts", "next_attempt_at")
    assert list(states) == [("queued", 0, MONDAY), ("queued", 0, MONDAY)]


def test_a_relay_that_turns_us_away_keeps_everything_queued(relay: Relay) -> None:
    waiting("ada", "grace")
    relay.script = at_step("connect", "554 5.7.1 not today")
    delivered = deliver(MONDAY, 10, policy=policy(relay.url, connections=5), make=letters)
    assert (delivered.by_state, relay.connections) == ({"queued": 2}, 1)
    assert "554 5.7.1 not today" in delivered.halted


# What must not be sent


def test_what_must_not_be_sent_is_skipped_with_a_reason(relay: Relay) -> None:
    suppressed, ended, pending, paused, late = (issue_for(reader(name)) for name in ("ada", "grace", "alan", "emmy", "kurt"))
    suppression.suppress("ADA@example.org", Suppression.Reason.COMPLAINT, "", MONDAY)
    Subscription.objects.filter(subscriber=ended.subscriber).update(ended_at=MONDAY)
    Subscriber.objects.filter(pk=pending.subscriber_id).update(status="pending", confirmed_at=None)
    Subscription.objects.filter(subscriber=paused.subscriber).update(paused_until=MONDAY + HOUR)
    Issue.objects.filter(delivery=late).update(due_at=MONDAY - dt.timedelta(days=8))
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"skipped": 5}
    assert relay.taken == []
    assert dict(Delivery.objects.values_list("pk", "reason")) == {
        suppressed.pk: "the address is suppressed",
        ended.pk: "the subscription has ended",
        pending.pk: "the subscriber has not confirmed",
        paused.pk: "the subscription is paused",
        late.pk: "too late to be useful",
    }


def test_a_confirmation_goes_to_those_who_have_not_confirmed(relay: Relay) -> None:
    ada = reader("ada")
    Subscriber.objects.update(status="pending", confirmed_at=None)
    notice_for(ada, Notice.Kind.CONFIRMATION)
    queue_notices(MONDAY)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}


def test_an_expired_notice_is_skipped(relay: Relay) -> None:
    notice_for(reader("ada"))
    assert queue_notices(MONDAY) == 1
    late = MONDAY + 2 * HOUR
    assert deliver(late, 10, policy=policy(relay.url), make=letters).by_state == {"skipped": 1}
    notice_for(reader("grace"))
    assert queue_notices(late) == 1
    assert set(Delivery.objects.values_list("state", "reason")) == {("skipped", "expired before it could be sent")}


def test_a_notice_to_another_address_asks_about_that_address(relay: Relay) -> None:
    notice_for(reader("ada"), Notice.Kind.ADDRESS_CONFIRMATION, recipient="countess@example.net")
    suppression.suppress("countess@example.net", Suppression.Reason.HARD_BOUNCE, "", MONDAY)
    queue_notices(MONDAY)
    assert Delivery.objects.get().domain == "example.net"
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"skipped": 1}


def test_an_unsubscription_while_the_body_flows_stops_the_final_dot(relay: Relay) -> None:
    """The relay has said 354; the reader unsubscribes before the loop comes round to the commit."""
    waiting("ada")

    def unsubscribe(step: str, recipient: str) -> str | None:
        if step == "data":
            Subscription.objects.update(ended_at=MONDAY, next_issue_at=None)
            connection.close()
        return None

    relay.script = unsubscribe
    delivered = deliver(MONDAY, 10, policy=policy(relay.url, freshness=0.0), make=letters)
    assert (delivered.by_state, relay.taken) == ({"skipped": 1}, [])


def test_whoever_leaves_while_a_slow_commit_is_under_way_gets_nothing(relay: Relay) -> None:
    """The database holds the round up for ten seconds; the reader unsubscribes meanwhile, and their message has no dot yet."""
    (ada,) = waiting("ada")
    clock = Clock()
    blocker = connection.copy()
    blocker.inc_thread_sharing()

    def leave() -> None:
        until_somebody_waits()
        Subscription.objects.update(ended_at=MONDAY, next_issue_at=None)
        connection.close()
        clock.ahead = 10.0
        blocker.rollback()

    def hold_up(step: str, recipient: str) -> str | None:
        if step == "data":
            blocker.set_autocommit(False)
            with blocker.cursor() as cursor:
                cursor.execute("SELECT name FROM digest_journal FOR UPDATE")
            leaving.start()
        return None

    leaving = threading.Thread(target=leave)
    relay.script = hold_up
    delivered = deliver(MONDAY, 10, policy=policy(relay.url, clock=clock), make=letters)
    leaving.join()
    blocker.close()
    assert (delivered.by_state, relay.taken) == ({"skipped": 1}, [])
    ada.refresh_from_db()
    assert (ada.state, ada.reason) == ("skipped", "the subscription has ended")


def sleeping(clock: Clock, seconds: float, then: Callable[[], object]) -> Callable[..., object]:
    """The machine sleeps, once, right after the answer that precedes a final dot, and meanwhile something happens."""
    slept: list[float] = []

    def execute(run: Callable[..., object], sql: str, *arguments: object) -> object:
        answer = run(sql, *arguments)
        if "EXISTS" in sql and not slept and JournalPage.objects.exists():
            slept.append(seconds)
            clock.ahead += seconds
            then()
        return answer

    return execute


@pytest.mark.parametrize(("seconds", "state"), [(30.0, "skipped"), (3600.0, "deferred")])
def test_a_machine_that_sleeps_between_the_answer_and_the_dot_asks_again(relay: Relay, seconds: float, state: str) -> None:
    """Within the lease the reader who left meanwhile is skipped; beyond it nothing leaves, whoever they are."""
    (ada,) = waiting("ada")
    clock = Clock()

    def leave() -> None:
        Subscription.objects.update(ended_at=MONDAY, next_issue_at=None)

    with connection.execute_wrapper(sleeping(clock, seconds, leave)):
        # Every answer is stale at once, so that each final dot is preceded by a question.
        sender = policy(relay.url, clock=clock, freshness=0.0, books=1, seconds=10_000.0)
        delivered = deliver(MONDAY, 10, policy=sender, make=letters)
    assert (delivered.by_state, relay.taken) == ({state: 1}, [])
    ada.refresh_from_db()
    assert ada.state == state


def test_a_message_that_cannot_be_made_stops_no_other(relay: Relay) -> None:
    ada, _, _ = waiting("ada", "grace", "alan")

    def poisoned(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
        if any(each.pk == ada.pk for each in deliveries):
            raise KeyError("authors")
        return letters(deliveries, now)

    assert deliver(MONDAY, 10, policy=policy(relay.url), make=poisoned).by_state == {"deferred": 1, "accepted": 2}
    ada.refresh_from_db()
    assert ada.reason == "the message could not be made: KeyError: 'authors'"


class OnDemand(dict[int, Outgoing]):
    """Messages made only when they are looked up, one of which fails then."""

    def __init__(self, made: dict[int, Outgoing], poisoned: int) -> None:
        super().__init__(made)
        self._poisoned = poisoned

    def __getitem__(self, delivery: int) -> Outgoing:
        if delivery == self._poisoned:
            raise KeyError("authors")
        return super().__getitem__(delivery)


def test_a_message_that_fails_when_its_turn_comes_stops_no_other(relay: Relay) -> None:
    ada, _, _ = waiting("ada", "grace", "alan")

    def on_demand(deliveries: Sequence[Delivery], now: dt.datetime) -> OnDemand:
        return OnDemand(letters(deliveries, now), ada.pk)

    assert deliver(MONDAY, 10, policy=policy(relay.url), make=on_demand).by_state == {"deferred": 1, "accepted": 2}
    ada.refresh_from_db()
    assert ada.reason == "the message could not be made: KeyError: 'authors'"


def test_a_delivery_that_nothing_is_made_for_is_deferred_and_says_so(relay: Relay) -> None:
    (ada,) = waiting("ada")
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=lambda _, __: {}).by_state == {"deferred": 1}
    ada.refresh_from_db()
    assert ada.reason == "the message could not be made: nothing was made for it"


def test_an_address_that_smtp_cannot_carry_fails(relay: Relay) -> None:
    (ada,) = waiting("ada")

    def odd(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
        return {ada.pk: Outgoing("bounces@papers.example.org", "ada@example.org>\r\nRSET", b"x\r\n")}

    assert deliver(MONDAY, 10, policy=policy(relay.url), make=odd).by_state == {"failed": 1}
    assert relay.said == []


def test_what_the_relay_cannot_carry_fails_with_the_reason(relays: Callable[..., Relay]) -> None:
    narrow = relays(extensions=("PIPELINING", "SIZE 40"))
    waiting("ada")
    assert deliver(MONDAY, 10, policy=policy(narrow.url), make=letters).by_state == {"failed": 1}
    assert "the relay takes 40" in Delivery.objects.get().reason


# Workers that die


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


def test_an_erased_delivery_is_not_sent(relay: Relay) -> None:
    waiting("ada")

    def erase(step: str, recipient: str) -> str | None:
        if step == "data":
            Subscriber.objects.all().delete()
            connection.close()
        return None

    relay.script = erase
    delivered = deliver(MONDAY, 10, policy=policy(relay.url, freshness=0.0), make=letters)
    assert (delivered.by_state, relay.taken) == ({"superseded": 1}, [])
