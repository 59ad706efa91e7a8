"""Messages that cannot be made, or that no relay can be given."""

import datetime as dt
from collections.abc import Callable, Sequence

import pytest

from digest.delivery import deliver
from digest.messages import Outgoing
from digest.models import Delivery
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)


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
