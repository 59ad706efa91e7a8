"""The outside world itself: a name server and a relay on this machine, asked as the preflight asks them."""

import datetime as dt
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from digest.preflight import Internet, Level
from digest.preflight.wire import transport
from digest.smtp import Relay
from tests.delivery.relay import Relay as Server
from tests.delivery.test_tls import TRUSTED, tls
from tests.delivery.village import rsa_key

NOW = dt.datetime.now(dt.UTC)
Zone = Mapping[tuple[str, str], list[str]]


@contextmanager
def answering(zone: Zone) -> Iterator[Internet]:
    """A world whose one name server knows this zone, and fails for names below `broken.example`."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            octets, channel = self.request
            query = dns.message.from_wire(octets)
            channel.sendto(_answer(query, zone).to_wire(), self.client_address)

    with ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        world = Internet(5.0)
        world._resolver.nameservers = ["127.0.0.1"]
        world._resolver.port = server.server_address[1]
        try:
            yield world
        finally:
            server.shutdown()
            thread.join()


def _answer(query: dns.message.Message, zone: Zone) -> dns.message.Message:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    name, kind = query.question[0].name, query.question[0].rdtype.name
    asked = name.to_text().rstrip(".").lower()
    if asked.endswith("broken.example"):
        answer.set_rcode(dns.rcode.SERVFAIL)
        return answer
    while ("CNAME", asked) in zone:
        (target,) = zone["CNAME", asked]
        answer.answer.append(dns.rrset.from_text(f"{asked}.", 60, "IN", "CNAME", f"{target}."))
        asked = target
    if not any(each == asked for _, each in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    if records := zone.get((kind, asked)):
        answer.answer.append(dns.rrset.from_text(f"{asked}.", 60, "IN", kind, *records))
    return answer


def test_a_record_of_several_strings_is_read_as_one() -> None:
    with answering({("TXT", "papers.example.org"): ['"v=spf1 ip4:192.0.2.0/" "24 -all"', '"other"']}) as world:
        assert sorted(world.txt("papers.example.org")) == ["other", "v=spf1 ip4:192.0.2.0/24 -all"]


def test_a_key_that_the_relay_keeps_under_a_name_of_its_own_is_followed() -> None:
    zone: Zone = {
        ("CNAME", "s1._domainkey.papers.example.org"): ["s1.dkim.example.net"],
        ("TXT", "s1.dkim.example.net"): ['"v=DKIM1; " "p=abc"'],
        ("CNAME", "s2._domainkey.papers.example.org"): ["gone.dkim.example.net"],
    }
    with answering(zone) as world:
        assert world.txt("s1._domainkey.papers.example.org") == ["v=DKIM1; p=abc"]
        assert world.txt("s2._domainkey.papers.example.org") == []


def test_a_name_that_does_not_exist_or_has_other_records_gives_nothing_and_a_failure_is_told() -> None:
    with answering({("A", "only.example.org"): ["192.0.2.1"]}) as world:
        assert world.txt("only.example.org") == world.txt("none.example.org") == []
        assert world.addresses("only.example.org") == ["192.0.2.1"]
        with pytest.raises(OSError, match=r"no answer for TXT of a\.broken\.example"):
            world.txt("a.broken.example")


def test_exchangers_come_in_order_and_one_that_takes_nothing_is_told() -> None:
    zone: Zone = {("MX", "two.example.org"): ["20 b.example.net.", "10 a.example.net."], ("MX", "null.example.org"): ["0 ."]}
    with answering(zone) as world:
        assert world.exchangers("two.example.org") == ["a.example.net", "b.example.net"]
        assert world.exchangers("null.example.org") == ["."]


def test_an_address_of_version_6_is_asked_for_its_name() -> None:
    name = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
    with answering({("PTR", name): ["out6.example.net."]}) as world:
        assert world.names("2001:db8::25") == ["out6.example.net"]


# The relay


def found(url: str) -> tuple[Level, str]:
    first = next(transport(Internet(5.0), url))
    return first.level, first.found


def test_a_relay_is_greeted_by_the_senders_name_and_password(relays: Callable[..., Server], settings: Settings) -> None:
    settings.SMTP_HELLO = "sender.example.org"
    relay = relays(tls=tls(), starttls=True, passwords={"ada": "sécret"}, extensions=("AUTH CRAM-MD5 PLAIN", "8BITMIME"))
    level, words = found(f"smtp+starttls://ada:s%C3%A9cret@localhost:{relay.port}?ca={TRUSTED}")
    assert (level, words.partition(": ")[2]) == (Level.FINE, "TLSv1.3")
    assert {"ehlo sender.example.org", "EHLO sender.example.org"} & set(relay.said)
    assert not [each for each in relay.said if "CRAM" in each]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"tls": None}, "STARTTLS"),
        ({"tls": tls(), "starttls": True, "extensions": ("AUTH CRAM-MD5",)}, "neither AUTH PLAIN nor LOGIN"),
        ({"tls": tls(), "starttls": True, "extensions": ("AUTH PLAIN",)}, "535 5.7.8"),
        ({"tls": tls(), "starttls": True, "extensions": ("AUTH LOGIN",)}, "535 5.7.8"),
        ({"script": lambda step, _: "421 4.3.2 not now" if step == "connect" else None}, "421"),
    ],
    ids=["STARTTLS is taken out", "a way of AUTH that the sender lacks", "refused", "refused by LOGIN", "turned away"],
)
def test_a_relay_that_does_not_let_the_sender_in_is_fatal(
    relays: Callable[..., Server], kind: dict[str, object], words: str
) -> None:
    relay = relays(**kind)
    level, said = found(f"smtp+starttls://ada:wrong@localhost:{relay.port}?ca={TRUSTED}")
    assert level is Level.FATAL
    assert words in said


def certificate(tmp_path: Path, name: str, until: dt.datetime) -> Path:
    """A certificate for a name, with its key, that is its own authority."""
    key = rsa_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - dt.timedelta(days=30))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / f"{name}.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize(
    ("name", "until", "words"),
    [
        ("localhost", NOW - dt.timedelta(days=1), "expired"),
        ("relay.example.org", NOW + dt.timedelta(days=1), "not valid for 'localhost'"),
    ],
)
def test_a_certificate_that_has_expired_or_names_another_is_fatal(
    relays: Callable[..., Server], tmp_path: Path, scheme: str, name: str, until: dt.datetime, words: str
) -> None:
    path = certificate(tmp_path, name, until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    relay = relays(tls=context, starttls="starttls" in scheme)
    level, said = found(f"{scheme}://localhost:{relay.port}?ca={path}")
    assert level is Level.FATAL
    assert words in said


def test_a_message_to_oneself_goes_by_the_same_way(relays: Callable[..., Server]) -> None:
    relay = relays(tls=tls(), passwords={"ada": "secret"}, extensions=("AUTH LOGIN",))
    target = Relay.parse(f"smtps://ada:secret@localhost:{relay.port}?ca={TRUSTED}")
    Internet(5.0).send(target, "bounces@papers.example.org", "ada@example.com", b"Subject: x\r\n\r\nx\r\n")
    assert relay.taken[0].recipient == "ada@example.com"
