"""A small outside world for the preflight, in which everything is in order until a test changes something."""

import base64
from collections.abc import Mapping, Sequence
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from digest.preflight import Answer, Greeting
from digest.smtp import Relay


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def published(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """The TXT record of a key's public half."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(key.public_key().public_bytes_raw()).decode()}"
    octets = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"


def good() -> dict[str, list[str]]:
    return {
        "papers.example.org": ["v=spf1 include:relay.example.net -all"],
        "relay.example.net": ["v=spf1 ip4:192.0.2.0/24 -all"],
        "s1._domainkey.papers.example.org": [published(rsa_key())],
        "_dmarc.papers.example.org": ["v=DMARC1; p=none; rua=mailto:dmarc@papers.example.org"],
    }


class Village:
    """`texts`, `hosts`, `mail`, `reverse`: TXT, A, MX and PTR records. `status`: the site's answer. `greeting`: the relay's."""

    def __init__(
        self,
        texts: Mapping[str, list[str]] | None = None,
        *,
        hosts: Mapping[str, list[str]] | None = None,
        mail: Mapping[str, list[str]] | None = None,
        reverse: Mapping[str, list[str]] | None = None,
        status: int | OSError = 200,
        greeting: Greeting | OSError = Greeting("TLSv1.3", frozenset({"8BITMIME", "PIPELINING"})),  # noqa: B008 - it is frozen
    ) -> None:
        self.texts = {**good(), **(texts or {})}
        self.hosts = {"out.example.net": ["192.0.2.7"]} if hosts is None else hosts
        self.mail = {"papers.example.org": ["in.example.net"]} if mail is None else mail
        self.reverse = {"192.0.2.7": ["out.example.net"]} if reverse is None else reverse
        self.status, self.greeting = status, greeting
        self.asked: list[str] = []
        self.posted: list[tuple[str, dict[str, str]]] = []

    def txt(self, name: str) -> list[str]:
        self.asked.append(name)
        return self.texts.get(name, [])

    def addresses(self, name: str) -> list[str]:
        return list(self.hosts.get(name, []))

    def exchangers(self, name: str) -> list[str]:
        return list(self.mail.get(name, []))

    def names(self, address: str) -> list[str]:
        return list(self.reverse.get(address, []))

    def post(self, url: str, form: dict[str, str]) -> Answer:
        self.posted.append((url, form))
        if isinstance(self.status, OSError):
            raise self.status
        return Answer(self.status, outcome="already" if self.status == 200 else "")

    def greet(self, relay: Relay) -> Greeting:
        if isinstance(self.greeting, OSError):
            raise self.greeting
        return self.greeting


def includes(count: int) -> Mapping[str, Sequence[str]]:
    """A chain of so many records, each including the next."""
    return {f"{n}.example.net": [f"v=spf1 include:{n + 1}.example.net -all"] for n in range(count)}
