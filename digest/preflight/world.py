"""What the checks ask of the outside world, and the world itself. Tests hand in a smaller one."""

import smtplib
import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.resolver
import dns.reversename
import httpx2
from django.conf import settings
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from digest.smtp import Relay
from subscriptions.consent import UNSUBSCRIBED


@dataclass(frozen=True, slots=True)
class Greeting:
    """How the relay received us: the version of TLS ("" without), and the extensions it offers once that is up."""

    tls: str
    offers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a POST: the status, where a redirect leads, what our own page says it did ("" from any other)."""

    status: int
    place: str = ""
    outcome: str = ""


class World(Protocol):
    """Names without an answer give an empty list; OSError means that nobody answered."""

    def txt(self, name: str) -> list[str]: ...
    def addresses(self, name: str) -> list[str]: ...
    def exchangers(self, name: str) -> list[str]: ...
    def names(self, address: str) -> list[str]: ...
    def post(self, url: str, form: dict[str, str]) -> Answer: ...
    def greet(self, relay: Relay) -> Greeting: ...


class Internet:
    """The World itself: the resolver of this machine, HTTP without following redirects, and the relay.

    `authorities` is a file of certificates to trust instead of the usual ones, for a site with an authority of its own.
    """

    def __init__(self, timeout: float = 10.0, authorities: str | None = None) -> None:
        self._timeout = timeout
        self._tls = ssl.create_default_context(cafile=authorities)
        self._resolver = dns.resolver.Resolver()
        self._resolver.lifetime = timeout

    def txt(self, name: str) -> list[str]:
        texts = (record for record in self._ask(name, "TXT") if isinstance(record, TXT))
        return [b"".join(record.strings).decode("utf-8", "replace") for record in texts]

    def addresses(self, name: str) -> list[str]:
        return [record.to_text() for kind in ("A", "AAAA") for record in self._ask(name, kind)]

    def exchangers(self, name: str) -> list[str]:
        """Hosts that take the domain's messages; a lone "." says that none does (RFC 7505)."""
        hosts = (record for record in self._ask(name, "MX") if isinstance(record, MX))
        return [host.exchange.to_text().rstrip(".") or "." for host in sorted(hosts, key=lambda host: host.preference)]

    def names(self, address: str) -> list[str]:
        return [record.to_text().rstrip(".") for record in self._ask(str(dns.reversename.from_address(address)), "PTR")]

    def post(self, url: str, form: dict[str, str]) -> Answer:
        """Post as a mailbox provider does: over a connection of its own, without cookies, Origin or Referer."""
        try:
            answer = httpx2.post(url, data=form, timeout=self._timeout, follow_redirects=False, verify=self._tls)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise OSError(str(error)) from error
        return Answer(answer.status_code, answer.headers.get("Location", ""), answer.headers.get(UNSUBSCRIBED, ""))

    def greet(self, relay: Relay) -> Greeting:
        """Connect as the sender does, up to AUTH; raises OSError saying what went wrong, an unverified certificate included."""
        with _connected(relay, self._timeout) as client:
            version = getattr(client.sock, "version", lambda: "")() or ""
            return Greeting(version, frozenset(name.upper() for name in client.esmtp_features))

    def send(self, relay: Relay, sender: str, recipient: str, content: bytes) -> None:
        """Hand one message over; raises OSError when the relay does not take it."""
        with _connected(relay, self._timeout) as client:
            client.sendmail(sender, [recipient], content)

    def _ask(self, name: str, kind: str) -> Sequence[dns.rdata.Rdata]:
        try:
            return list(self._resolver.resolve(name, kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise OSError(f"no answer for {kind} of {name}: {error}") from error


def _connected(relay: Relay, timeout: float) -> smtplib.SMTP:
    """A session as far as AUTH, by the sender's own name and ways. smtplib's exceptions are OSErrors."""
    hello = settings.SMTP_HELLO
    if relay.security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, hello, timeout=timeout, context=relay.tls())
    else:
        client = smtplib.SMTP(relay.host, relay.port, hello, timeout=timeout)
    try:
        if relay.security == "starttls":
            client.starttls(context=relay.tls())
        client.ehlo()
        if relay.username:
            _authenticate(client, relay)
    except OSError:
        client.close()
        raise
    return client


def _authenticate(client: smtplib.SMTP, relay: Relay) -> None:
    """As the sender does: PLAIN, else LOGIN. smtplib's own `login` knows other ways, and only passwords of ASCII."""
    offered = client.esmtp_features.get("auth", "").upper().split()
    name, password = relay.username.encode(), relay.password.encode()
    if "PLAIN" in offered:
        answer = client.docmd("AUTH", "PLAIN " + b64encode(b"\0" + name + b"\0" + password).decode())
    elif "LOGIN" in offered:
        answer = client.docmd("AUTH", "LOGIN")
        for each in (name, password):
            if answer[0] == 334:
                answer = client.docmd(b64encode(each).decode())
    else:
        raise OSError(f"the relay offers neither AUTH PLAIN nor LOGIN, and SMTP_URL gives a password ({' '.join(offered)})")
    if answer[0] != 235:
        raise OSError(f"the relay refused AUTH: {answer[0]} {answer[1].decode('utf-8', 'backslashreplace')}")
