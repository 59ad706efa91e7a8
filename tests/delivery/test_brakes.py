"""What stops the sender, and what lets it go on."""

import datetime as dt
import threading

import pytest
from django.conf import settings
from django.db import connection

from digest.delivery import Policy, brakes, deliver
from digest.models import Brake, Delivery
from subscriptions.models import Suppression
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = dt.timedelta(minutes=1)


def crowd(number: int, domain: str = "example.org") -> list[Delivery]:
    return waiting(*(f"reader{n}" for n in range(number)), domain=domain)


def refuse(domain: str, reply: str) -> object:
    return lambda step, recipient: reply if step == "rcpt" and recipient.endswith(domain) else None


def test_a_pause_sends_nothing_and_resuming_sends_everything(relay: Relay) -> None:
    crowd(3)
    brakes.pause("moving house", "ada", MONDAY)
    delivered = deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    assert (delivered.claimed, delivered.halted, delivered.more) == (0, "paused by an operator: moving house", False)
    assert relay.connections == 0
    assert brakes.resume("ada", MONDAY) == 1
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 3}


def test_a_pause_stops_a_run_that_is_under_way(relay: Relay) -> None:
    crowd(30)

    def pause(step: str, recipient: str) -> str | None:
        if step == "dot" and len(relay.taken) == 3:
            brakes.pause("enough", "ada", MONDAY)
            from django.db import connection

            connection.close()
        return None

    relay.script = pause
    delivered = deliver(MONDAY, 30, policy=policy(relay.url, freshness=0.0), make=letters)
    assert delivered.halted == "paused by an operator: enough"
    assert len(relay.taken) < 8
    assert delivered.by_state["accepted"] == len(relay.taken)
    assert delivered.by_state["accepted"] + delivered.by_state["queued"] == 30


def test_a_domain_that_refuses_us_five_times_is_left_alone_and_the_others_are_not(relay: Relay) -> None:
    crowd(40, "example.com")
    crowd(5, "example.net")
    relay.script = refuse("example.com", "550 5.7.1 blocked")  # type: ignore[assignment]
    by_state = deliver(MONDAY, 100, policy=policy(relay.url, freshness=0.0), make=letters).by_state
    assert by_state["accepted"] == 5
    assert 5 <= by_state["deferred"] <= 10
    assert by_state["queued"] == 40 - by_state["deferred"]
    assert Brake.objects.standing().get().domain == "example.com"
    assert not Suppression.objects.exists()
    assert deliver(MONDAY + MINUTE, 100, policy=policy(relay.url), make=letters).claimed == 0


def test_a_breaker_that_has_waited_lets_one_message_try(relay: Relay) -> None:
    crowd(20, "example.com")
    brakes.open_breaker("example.com", "550 5.7.1 blocked", MONDAY)
    relay.script = refuse("example.com", "550 5.7.1 blocked")  # type: ignore[assignment]
    later = MONDAY + 6 * MINUTE
    assert deliver(later, 100, policy=policy(relay.url), make=letters).by_state == {"deferred": 1}
    brake = Brake.objects.standing().get()
    assert brake.openings == 2
    assert brake.until is not None
    assert brake.until - later >= 10 * MINUTE
    relay.script = lambda step, recipient: None
    later += 11 * MINUTE
    assert deliver(later, 100, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}
    assert not Brake.objects.standing().exists()
    assert deliver(later + MINUTE, 100, policy=policy(relay.url), make=letters).by_state == {"accepted": 19}


def test_three_domains_that_refuse_us_stop_everything(relay: Relay) -> None:
    for domain in ("example.com", "example.net", "example.org"):
        brakes.open_breaker(domain, "550 5.7.1 blocked", MONDAY)
    crowd(1, "sub.example.org")
    assert "3 receiving domains refuse us" in deliver(MONDAY, 10, policy=policy(relay.url), make=letters).halted


def together(workers: int, sender: Policy) -> None:
    """So many workers at once, each with connections of its own."""

    def work() -> None:
        deliver(MONDAY, 500, policy=sender, make=letters)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def blocking(relay: Relay, step: str, after: int = 0) -> list[str]:
    """Let the relay refuse the sender at this step once it has taken so many; returns the list of whom it refused."""
    refused: list[str] = []

    def refuse_all(at: str, recipient: str) -> str | None:
        if at != step or len(relay.taken) < after:
            return None
        refused.append(recipient)
        return "554 5.7.1 your network is blocked, see https://example.net/list"

    relay.script = refuse_all
    return refused


def nobody_suffers(refused: list[str]) -> None:
    assert 1 <= len(refused) <= 50
    assert not Suppression.objects.exists()
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"queued", "deferred", "accepted"}
    assert Brake.objects.standing().filter(kind=Brake.Kind.BREAKER).exists()


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("domains", [1, 40])
def test_a_refusal_of_our_own_making_costs_four_workers_fifty_attempts_at_most_and_suppresses_nobody(
    relay: Relay, step: str, domains: int
) -> None:
    for number in range(domains):
        crowd(200 // domains, f"d{number}.example.org")
    refused = blocking(relay, step)
    together(4, policy(relay.url, connections=10))
    nobody_suffers(refused)


@pytest.mark.parametrize("step", ["rcpt", "dot"])
@pytest.mark.parametrize("shared", [True, False])
def test_a_refusal_in_the_middle_of_a_run_costs_no_more_with_redis_or_without(relay: Relay, step: str, shared: bool) -> None:
    for number in range(40):
        crowd(10, f"d{number}.example.org")
    refused = blocking(relay, step, after=60)
    url = settings.REDIS_URL if shared else "redis://127.0.0.1:9"
    together(4, policy(relay.url, connections=10, rates={"": 1000.0}, redis=url))
    nobody_suffers(refused)


def test_a_relay_that_turns_us_away_is_asked_once_and_then_at_longer_and_longer_intervals(relay: Relay) -> None:
    crowd(20)
    relay.script = lambda step, recipient: "535 5.7.8 go away" if step == "connect" else None
    now = MONDAY
    for _ in range(3 * 60):
        deliver(now, 100, policy=policy(relay.url, connections=10), make=letters)
        now += MINUTE
    assert relay.connections <= 9
    assert set(Delivery.objects.values_list("state", "attempts")) == {("queued", 0)}
    relay.script = lambda step, recipient: None
    now += dt.timedelta(hours=1)
    assert deliver(now, 100, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}
    assert deliver(now, 100, policy=policy(relay.url), make=letters).by_state == {"accepted": 19}


def test_a_relay_that_knows_nobody_at_all_suppresses_nobody(relay: Relay) -> None:
    crowd(40)
    relay.script = lambda step, recipient: "550 5.1.1 user unknown" if step == "rcpt" else None
    delivered = deliver(MONDAY, 100, policy=policy(relay.url), make=letters)
    assert "knows no recipient at all" in delivered.halted
    assert delivered.by_state["failed"] < 15
    assert not Suppression.objects.exists()


def test_an_address_that_does_not_exist_is_suppressed_once_others_have_been_accepted(relay: Relay) -> None:
    waiting("ada", "grace")
    relay.script = lambda step, recipient: "550 5.1.1 user unknown" if step == "rcpt" and recipient[0] == "a" else None
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    suppressed = Suppression.objects.standing().get()
    assert (suppressed.reason, suppressed.note) == ("hard-bounce", "550 5.1.1 user unknown")


@pytest.mark.parametrize(("everything", "longest"), [(True, dt.timedelta(hours=1)), (False, dt.timedelta(hours=4))])
def test_breakers_wait_longer_each_time_up_to_a_limit(everything: bool, longest: dt.timedelta) -> None:
    waits = [brakes.wait(openings, everything=everything) for openings in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[-1] == longest
