"""Relays that keep to the letter of RFC 5321 and not to its spirit, and what that costs: no message, and little time."""

import contextlib
import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from digest.delivery import deliver
from digest.models import Brake, Delivery
from subscriptions.models import Suppression
from subscriptions.suppression import mailbox_hash
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import Relay, at_step

pytestmark = pytest.mark.django_db(transaction=True)

BEAT = dt.timedelta(seconds=20)


def runs_until_all_are_accepted(relay: Relay, connections: int, most: int = 60) -> int:
    """Runs as the beat starts them; returns how many it took."""
    now = MONDAY
    for run in range(1, most + 1):
        deliver(now, 1000, policy=policy(relay.url, connections=connections), make=letters)
        assert not Brake.objects.exists(), "a relay that takes messages is stopped"
        if not Delivery.objects.exclude(state="accepted").exists():
            return run
        now += BEAT
    raise AssertionError(f"{Delivery.objects.exclude(state='accepted').count()} are not accepted after {most} runs")


@pytest.mark.parametrize("connections", [1, 10])
@pytest.mark.parametrize("each", [1, 7])
@pytest.mark.parametrize("abrupt", [False, True], ids=["421", "without a word"])
def test_a_relay_that_takes_few_messages_over_each_connection_gets_them_all_within_minutes(
    relays: Callable[..., Relay], connections: int, each: int, abrupt: bool
) -> None:
    waiting(*(f"reader{n}" for n in range(60)))
    relay = relays(each=each, abrupt=abrupt)
    runs_until_all_are_accepted(relay, connections)
    assert len({taken.recipient for taken in relay.taken}) == len(relay.taken) == 60


def test_many_connections_that_end_at_once_end_no_run(relay: Relay) -> None:
    """Ten connections have brought what this relay takes over one, and each hears 421 before any other goes on."""
    waiting(*(f"reader{n}" for n in range(40)))
    brought: Counter[threading.Thread] = Counter()
    together = threading.Barrier(10)

    def script(step: str, _recipient: str) -> str | None:
        here = threading.current_thread()
        if step == "dot":
            brought[here] += 1
        if step == "mail" and brought[here] == 1 and not together.broken:
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(20)
            together.abort()
            return "421 4.7.0 too many messages on this connection"
        return None

    relay.script = script
    delivered = deliver(MONDAY, 100, policy=policy(relay.url, connections=10), make=letters)
    assert delivered.halted == ""
    assert delivered.by_state["accepted"] == 30


def test_a_relay_that_says_421_to_every_message_is_left_alone(relays: Callable[..., Relay]) -> None:
    waiting(*(f"reader{n}" for n in range(60)))
    relay = relays(each=0)
    now = MONDAY
    for _ in range(30):
        deliver(now, 1000, policy=policy(relay.url, connections=10), make=letters)
        now += BEAT
    assert sum(said.startswith("MAIL") for said in relay.said) <= 50
    assert Brake.objects.standing().get().domain == ""


def test_a_message_that_421_kept_from_being_looked_at_is_tried_again_within_half_a_minute(
    relays: Callable[..., Relay],
) -> None:
    waiting("ada", "grace")
    relay = relays(each=1)
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    grace = Delivery.objects.get(state="deferred")
    assert grace.reason.startswith("not now: 421")
    assert grace.next_attempt_at < MONDAY + dt.timedelta(seconds=30)


@pytest.mark.parametrize(("readers", "connections"), [(60, 3), (24, 1)])
def test_a_relay_that_loses_its_list_of_recipients_within_a_run_suppresses_nobody(
    relay: Relay, readers: int, connections: int
) -> None:
    waiting(*(f"reader{n}" for n in range(readers)))
    relay.script = lambda step, recipient: "550 5.1.1 user unknown" if step == "rcpt" and len(relay.taken) >= 20 else None
    deliver(MONDAY, 100, policy=policy(relay.url, connections=connections), make=letters)
    assert len(relay.taken) >= 20
    assert not Suppression.objects.exists()
    assert readers < 30 or Brake.objects.standing().get().why.startswith("the relay knows no recipient")


def test_an_address_that_does_not_exist_is_suppressed_while_a_long_run_goes_on(relay: Relay) -> None:
    waiting(*(f"reader{n}" for n in range(100)))
    seen: list[bool] = []

    def script(step: str, recipient: str) -> str | None:
        if step == "dot" and len(relay.taken) == 90:
            seen.append(Suppression.objects.exists())
            connection.close()
        return "550 5.1.1 user unknown" if step == "rcpt" and recipient.startswith("reader7@") else None

    relay.script = script
    deliver(MONDAY, 200, policy=policy(relay.url, connections=3), make=letters)
    assert set(seen) == {True}
    assert Suppression.objects.get().mailbox_hash == mailbox_hash("reader7@example.org")


def test_a_relay_that_does_not_know_our_own_domain_suppresses_nobody(relay: Relay) -> None:
    waiting(*(f"reader{n}" for n in range(10)))
    refusal = "550 5.1.8 <bounces@papers.example.org>: Sender address rejected: Domain not found"
    relay.script = at_step("rcpt", refusal, "reader1", "reader4")
    deliver(MONDAY, 100, policy=policy(relay.url), make=letters)
    assert not Suppression.objects.exists()
    assert Delivery.objects.filter(state="deferred").count() == 2


def test_words_that_are_no_text_are_kept_as_text(relay: Relay) -> None:
    waiting(*(f"reader{n}" for n in range(8)))
    relay.script = at_step("rcpt", "550 5.7.1 \0no\x1b[31m\x7f way")
    delivered = deliver(MONDAY, 100, policy=policy(relay.url), make=letters)
    assert delivered.by_state["deferred"] >= 5
    assert Delivery.objects.filter(state="deferred")[0].reply == "550 5.7.1 \ufffdno\ufffd[31m\ufffd way"
    assert Brake.objects.standing().get().why == "550 5.7.1 \ufffdno\ufffd[31m\ufffd way"


@pytest.mark.parametrize(
    "answer",
    [
        "250-taken\r\n250-" + "x" * 6000 + "\r\n250 as 1",
        "250 " + "x" * 7000,
        "250-taken\r\n250",
        "250",
    ],
    ids=["many lines", "a long line", "nothing behind the last code", "a code alone"],
)
def test_an_answer_of_unusual_shape_is_understood(relay: Relay, answer: str) -> None:
    waiting("ada", "grace")
    relay.script = at_step("dot", answer)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 2}


def test_of_lines_with_different_codes_the_last_one_counts(relay: Relay) -> None:
    """As in Postfix: RFC 5321, 4.2.1, has a client look for the line whose code is followed by a blank."""
    waiting("ada")
    relay.script = at_step("dot", "250-taken\r\n451 4.3.0 no, after all")
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"deferred": 1}


def test_an_answer_that_is_no_reply_leaves_the_message_in_doubt(relay: Relay) -> None:
    waiting("ada")
    relay.script = at_step("dot", "thank you")
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"uncertain": 1}


def test_an_offer_of_smtputf8_is_not_taken_up_for_plain_addresses(relays: Callable[..., Relay]) -> None:
    waiting("ada")
    relay = relays(extensions=("PIPELINING", "SMTPUTF8", "8BITMIME"))
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    assert "MAIL FROM:<bounces+" in relay.said[1]
    assert "SMTPUTF8" not in relay.said[1]
    assert "BODY=" not in relay.said[1]


@pytest.mark.parametrize(("offered", "state"), [(("PIPELINING",), "failed"), (("PIPELINING", "SMTPUTF8"), "accepted")])
def test_an_international_local_part_goes_only_where_it_is_taken(
    relays: Callable[..., Relay], offered: tuple[str, ...], state: str
) -> None:
    waiting("zoë", "ada")
    relay = relays(extensions=offered)
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    zoe, ada = Delivery.objects.order_by("id")
    assert (zoe.state, ada.state) == (state, "accepted")
    assert not Suppression.objects.exists()
    if state == "failed":
        assert zoe.reason == "the address needs SMTPUTF8, which the relay does not offer"


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        ("452 4.2.2 mailbox over quota", "deferred"),
        ("452 4.5.3 too many recipients", "deferred"),
        ("552 too many recipients", "deferred"),  # RFC 5321, 4.5.3.1.10: once said for 452
        ("552 5.2.2 mailbox full", "failed"),
    ],
)
def test_a_full_mailbox_and_a_full_transaction_are_told_apart(relay: Relay, reply: str, state: str) -> None:
    waiting("ada")
    relay.script = at_step("rcpt", reply)
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {state: 1}
    assert not Suppression.objects.exists()
