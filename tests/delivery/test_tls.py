"""TLS and passwords, against a server with a certificate for localhost made for these tests."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from digest.delivery import deliver
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)

CERTIFICATES = Path(__file__).parent.parent / "data" / "tls"
TRUSTED, OTHER = CERTIFICATES / "relay.pem", CERTIFICATES / "other.pem"


def tls(certificate: Path = TRUSTED) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize("mechanism", ["AUTH PLAIN LOGIN", "AUTH LOGIN"])
def test_a_verified_relay_gets_the_password_and_the_messages(relays: Callable[..., Relay], scheme: str, mechanism: str) -> None:
    relay = relays(tls=tls(), starttls="starttls" in scheme, passwords={"ada": "s/cret"}, extensions=("PIPELINING", mechanism))
    waiting("ada", "grace")
    url = f"{scheme}://ada:s%2Fcret@localhost:{relay.port}?ca={TRUSTED}"
    assert deliver(MONDAY, 10, policy=policy(url), make=letters).by_state == {"accepted": 2}
    assert len(relay.taken) == 2


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize("authorities", ["", f"?ca={OTHER}"])
def test_a_relay_whose_certificate_does_not_hold_gets_nothing(
    relays: Callable[..., Relay], scheme: str, authorities: str
) -> None:
    relay = relays(tls=tls(), starttls="starttls" in scheme)
    waiting("ada")
    delivered = deliver(MONDAY, 10, policy=policy(f"{scheme}://localhost:{relay.port}{authorities}"), make=letters)
    assert delivered.by_state == {"queued": 1}
    assert "certificate" in delivered.halted
    assert relay.taken == []


def test_a_certificate_for_another_name_does_not_hold(relays: Callable[..., Relay]) -> None:
    relay = relays(tls=tls(OTHER))
    waiting("ada")
    delivered = deliver(MONDAY, 10, policy=policy(f"smtps://localhost:{relay.port}?ca={OTHER}"), make=letters)
    assert delivered.by_state == {"queued": 1}
    assert "certificate" in delivered.halted


def test_a_wrong_password_keeps_everything_queued(relays: Callable[..., Relay]) -> None:
    relay = relays(tls=tls(), passwords={"ada": "secret"}, extensions=("PIPELINING", "AUTH PLAIN"))
    waiting("ada", "grace")
    url = f"smtps://ada:wrong@localhost:{relay.port}?ca={TRUSTED}"
    delivered = deliver(MONDAY, 10, policy=policy(url, connections=5), make=letters)
    assert delivered.by_state == {"queued": 2}
    assert "535 5.7.8" in delivered.halted
    assert relay.connections == 1
