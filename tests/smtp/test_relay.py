"""What SMTP_URL may say."""

import pytest

from digest.smtp import Relay, RelayUnclear


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://relay.example.org", ("relay.example.org", 25, "none", "", "")),
        ("smtp+starttls://a%40b:s%2Fc@relay.example.org", ("relay.example.org", 587, "starttls", "a@b", "s/c")),
        ("smtps://ada:secret@[::1]:4650", ("::1", 4650, "tls", "ada", "secret")),
    ],
)
def test_the_address_of_a_relay_is_understood(url: str, expected: tuple[str, int, str, str, str]) -> None:
    relay = Relay.parse(url)
    assert (relay.host, relay.port, relay.security, relay.username, relay.password) == expected
    assert "secret" not in repr(relay)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://relay.example.org", "takes smtp, smtp\\+starttls, smtps"),
        ("smtp://", "names no host"),
        ("smtp://[::1", "cannot be read"),
        ("smtp://relay..example.org", "names a host that cannot be"),
        (f"smtp://{'a' * 64}.example.org", "names a host that cannot be"),
        ("smtp://ada:secret@relay.example.org", "in the clear"),
        ("smtps://ada@relay.example.org", "without a password"),
        ("smtps://relay.example.org:0x19", "no usable port"),
        ("smtps://relay.example.org?verify=no", "verify"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_an_example(url: str, complaint: str) -> None:
    with pytest.raises(RelayUnclear, match=complaint):
        Relay.parse(url)
