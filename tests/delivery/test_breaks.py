"""How a connection may break, and what becomes of the messages that were on it."""

import datetime as dt
import socket
from collections.abc import Callable, Sequence

import pytest

from digest.delivery import deliver, recover
from digest.messages import Outgoing
from digest.models import Delivery
from tests.delivery.cast import HOUR, MONDAY, letters, policy, waiting
from tests.delivery.relay import DROP, Relay, at_step
from tests.sockets import nobody

pytestmark = pytest.mark.django_db(transaction=True)


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
