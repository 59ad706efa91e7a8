"""What receivers ask of whoever sends in bulk: names, keys, transport, one-click unsubscription, few complaints.

Every check is a function of an outside world that is handed in (`World`), and says how to mend what it finds. The rules are
those that Gmail, Yahoo and Microsoft publish for senders of more than 5,000 messages a day, and the RFCs that they cite.
"""

import base64
import binascii
import datetime as dt
import enum
import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
import dns.reversename
import httpx2
from django.conf import settings
from django.db.models import Max
from dns.rdtypes.ANY.TXT import TXT

from digest.messages import sender
from digest.models import Bounce, Delivery
from digest.smtp import Relay, RelayUnclear
from subscriptions import tokens

# RFC 7208, 4.6.4: a receiver gives up on an SPF record that makes it ask more often.
_MOST_LOOKUPS = 10
# Gmail: below 0.1 %, and never 0.3 %.
_COMPLAINTS_FATAL, _COMPLAINTS_WARNING = 0.003, 0.001
_ENOUGH_TO_TELL = 1000
# Gmail hides what lies behind 102 KB of HTML; with the text part and the encoding around it that is some 200 KB of message.
_LARGE_MESSAGE = 200_000
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Level(enum.StrEnum):
    FINE = "fine"
    WARNING = "warning"
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, and how to mend it ("" when it is fine)."""

    check: str
    level: Level
    found: str
    mend: str = ""


class World(Protocol):
    """What the checks ask the outside world. Names without an answer give an empty list; OSError means that nobody answered."""

    def txt(self, name: str) -> list[str]: ...
    def addresses(self, name: str) -> list[str]: ...
    def names(self, address: str) -> list[str]: ...
    def post(self, url: str, form: dict[str, str]) -> int: ...


class Internet:
    """The World itself: the resolver of this machine, and HTTP without following redirects."""

    def __init__(self, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._resolver = dns.resolver.Resolver()
        self._resolver.lifetime = timeout

    def txt(self, name: str) -> list[str]:
        texts = (record for record in self._ask(name, "TXT") if isinstance(record, TXT))
        return [b"".join(record.strings).decode("utf-8", "replace") for record in texts]

    def addresses(self, name: str) -> list[str]:
        return [record.to_text() for kind in ("A", "AAAA") for record in self._ask(name, kind)]

    def names(self, address: str) -> list[str]:
        return [record.to_text().rstrip(".") for record in self._ask(str(dns.reversename.from_address(address)), "PTR")]

    def post(self, url: str, form: dict[str, str]) -> int:
        try:
            return int(httpx2.post(url, data=form, timeout=self._timeout, follow_redirects=False).status_code)
        except httpx2.HTTPError as error:
            raise OSError(str(error)) from error

    def _ask(self, name: str, kind: str) -> Sequence[dns.rdata.Rdata]:
        try:
            return list(self._resolver.resolve(name, kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise OSError(f"no answer for {kind} of {name}: {error}") from error


def run(world: World, now: dt.datetime) -> list[Finding]:
    """Every check, in the order in which one would mend things."""
    own = sender(settings.DIGEST_FROM, "DIGEST_FROM").domain
    bounce = settings.BOUNCE_ADDRESS.rpartition("@")[2].lower()
    checks: list[Callable[[], Iterator[Finding]]] = [
        lambda: spf(world, bounce, settings.RELAY_ADDRESSES),
        lambda: dkim(world, own, settings.DKIM_SELECTOR or settings.DKIM_KEYS.partition(":")[0]),
        lambda: dmarc(world, own, bounce),
        lambda: reverse_names(world, settings.RELAY_ADDRESSES),
        lambda: transport(settings.SMTP_URL),
        lambda: one_click(world, settings.SITE_URL),
        lambda: complaints(now),
        lambda: sizes(now),
    ]
    found: list[Finding] = []
    for check in checks:
        try:
            found += check()
        except OSError as error:
            found.append(Finding("outside world", Level.WARNING, str(error), "Check this machine's network and try again."))
    return found


def spf(world: World, domain: str, relays: Sequence[str]) -> Iterator[Finding]:
    """RFC 7208 for the domain of the return path: one record, at most ten lookups, no `+all`, the relay's addresses in it."""
    records = [text for text in world.txt(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if len(records) != 1:
        mend = f'Publish one TXT record at {domain}, as your relay says; for example "v=spf1 include:relay.example.org -all".'
        yield Finding("SPF", Level.FATAL, f"{domain} has {len(records) or 'no'} SPF records", mend)
        return
    chain = _Spf(world)
    chain.follow(domain, records[0])
    if chain.lookups > _MOST_LOOKUPS:
        mend = "Leave out includes that are not needed: receivers treat such a record as an error."
        yield Finding("SPF", Level.FATAL, f"{domain} takes {chain.lookups} lookups, and {_MOST_LOOKUPS} are allowed", mend)
    elif chain.anyone:
        yield Finding("SPF", Level.FATAL, f"{domain} lets anyone send (+all)", "End the record with -all or ~all.")
    elif outside := [each for each in relays if not chain.covers(each)]:
        mend = f"Add ip4: or ip6: terms for them, or your relay's include, to the record at {domain}."
        yield Finding("SPF", Level.FATAL, f"{domain} does not name {', '.join(outside)}", mend)
    else:
        yield Finding("SPF", Level.FINE, f"{domain}: {chain.lookups} lookups")


class _Spf:
    """An SPF record and what it includes."""

    def __init__(self, world: World) -> None:
        self.lookups = 0
        self.anyone = False
        self._world = world
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []

    def follow(self, domain: str, record: str, depth: int = 0) -> None:
        for term in record.lower().split()[1:]:
            mechanism, _, value = term.lstrip("+?~-").replace("redirect=", "redirect:").partition(":")
            name = (value or domain).partition("/")[0]
            if mechanism == "all":
                self.anyone = self.anyone or (depth == 0 and term in {"all", "+all"})
            elif mechanism in {"ip4", "ip6"}:
                self._add(value)
            elif mechanism.partition("/")[0] in {"a", "mx", "ptr", "exists", "include", "redirect"}:
                self.lookups += 1
                if self.lookups > _MOST_LOOKUPS * 2:
                    return
                if mechanism in {"include", "redirect"}:
                    for text in self._world.txt(name):
                        if text.lower().startswith("v=spf1"):
                            self.follow(name, text, depth + 1)
                elif mechanism == "a":
                    for address in self._world.addresses(name):
                        self._add(address)

    def covers(self, address: str) -> bool:
        return any(ipaddress.ip_address(address) in network for network in self._networks)

    def _add(self, network: str) -> None:
        try:
            self._networks.append(ipaddress.ip_network(network, strict=False))
        except ValueError:
            return  # Not an address: a term that a receiver cannot use either.


def dkim(world: World, domain: str, selector: str) -> Iterator[Finding]:
    """RFC 6376: the key with which the relay signs for us is published, not revoked, and long enough (RFC 8301)."""
    if not selector:
        mend = "Set DKIM_SELECTOR to the selector under which your relay signs for your domain."
        yield Finding("DKIM", Level.FATAL, "DKIM_SELECTOR is not set, so the key cannot be checked", mend)
        return
    name = f"{selector}._domainkey.{domain}"
    tags = _tags(" ".join(world.txt(name)))
    mend = f"Publish the key that your relay shows for {domain} as a TXT record at {name}."
    if not tags.get("p"):
        yield Finding("DKIM", Level.FATAL, f"{name} holds no key", mend)
        return
    try:
        key = base64.b64decode(tags["p"], validate=True)
    except binascii.Error:
        yield Finding("DKIM", Level.FATAL, f"{name} holds a key that cannot be read", mend)
        return
    # SubjectPublicKeyInfo of RSA: the modulus and some 38 octets around it.
    bits = (len(key) - 38) * 8
    if tags.get("k", "rsa") == "rsa" and bits < 1024:
        yield Finding("DKIM", Level.FATAL, f"{name} holds a key of about {bits} bits", "Have the relay sign with 2048 bits.")
    elif tags.get("k", "rsa") == "rsa" and bits < 2000:
        yield Finding("DKIM", Level.WARNING, f"{name} holds a key of about {bits} bits", "Have the relay sign with 2048 bits.")
    else:
        yield Finding("DKIM", Level.FINE, name)


def dmarc(world: World, domain: str, bounce: str) -> Iterator[Finding]:
    """RFC 7489: a policy, and a return path whose domain aligns with the one that readers see."""
    texts = world.txt(f"_dmarc.{domain}") or world.txt(f"_dmarc.{_organisation(domain)}")
    records = [text for text in texts if text.lower().replace(" ", "").startswith("v=dmarc1")]
    policy = _tags(records[0]).get("p", "") if len(records) == 1 else ""
    if policy not in {"none", "quarantine", "reject"}:
        mend = f'Publish one TXT record at _dmarc.{domain}; for example "v=DMARC1; p=none; rua=mailto:dmarc@{domain}".'
        yield Finding("DMARC", Level.FATAL, f"{domain} has no DMARC policy", mend)
    elif _organisation(bounce) != _organisation(domain):
        mend = "Choose a BOUNCE_ADDRESS under the domain of DIGEST_FROM, or see to it that DKIM signs for that domain."
        yield Finding("DMARC", Level.WARNING, f"the return path is at {bounce}, the sender at {domain}", mend)
    else:
        yield Finding("DMARC", Level.FINE, f"{domain}: p={policy}")


def reverse_names(world: World, relays: Sequence[str]) -> Iterator[Finding]:
    """Each address that hands our messages to the world has a name that leads back to it (RFC 1912, 2.1)."""
    if not relays:
        mend = "Set RELAY_ADDRESSES to the addresses from which your relay sends, if you run it yourself."
        yield Finding("PTR", Level.WARNING, "RELAY_ADDRESSES is not set, so reverse names were not checked", mend)
    for address in relays:
        names = world.names(address)
        if not any(address in world.addresses(name) for name in names):
            mend = f"Have the owner of {address} set its PTR record to a name whose A or AAAA record is {address}."
            yield Finding("PTR", Level.FATAL, f"{address} has {'a name that does not lead back' if names else 'no name'}", mend)
        else:
            yield Finding("PTR", Level.FINE, f"{address}: {names[0]}")


def transport(url: str) -> Iterator[Finding]:
    """Messages reach the relay encrypted, or do not leave this machine."""
    try:
        relay = Relay.parse(url)
    except RelayUnclear as error:
        yield Finding("TLS", Level.FATAL, str(error), "Mend SMTP_URL.")
        return
    if relay.security == "none" and relay.host not in _LOOPBACK:
        mend = "Use smtp+starttls or smtps in SMTP_URL: Gmail asks bulk senders for TLS on every hop that it can see."
        yield Finding("TLS", Level.FATAL, f"messages go to {relay} in the clear", mend)
    else:
        yield Finding("TLS", Level.FINE, f"{relay}: {relay.security}")


def one_click(world: World, site: str) -> Iterator[Finding]:
    """RFC 8058: a POST to a signed link answers 200 at once, over HTTPS; here for a subscription that never was."""
    if urlsplit(site).scheme != "https":
        yield Finding("one-click", Level.FATAL, f"{site} is not https", "Serve the site over HTTPS and say so in SITE_URL.")
        return
    url = f"{site}{tokens.unsubscribe_path(0)}"
    status = world.post(url, {"List-Unsubscribe": "One-Click"})
    if status == 200:
        yield Finding("one-click", Level.FINE, f"{site} answers")
    else:
        mend = "Let POST requests to /unsubscribe/ through your proxy, without redirects, cookies or a login."
        yield Finding("one-click", Level.FATAL, f"{site} answers {status} to one-click unsubscription", mend)


def complaints(now: dt.datetime) -> Iterator[Finding]:
    """The share of complaints among what was accepted in thirty days."""
    since = now - dt.timedelta(days=30)
    accepted = Delivery.objects.filter(state=Delivery.State.ACCEPTED, finished_at__gte=since).count()
    said = Bounce.objects.filter(verdict=Bounce.Verdict.COMPLAINT, received_at__gte=since).count()
    share = said / accepted if accepted >= _ENOUGH_TO_TELL else 0.0
    words = f"{said} complaints about {accepted} messages in thirty days"
    if share >= _COMPLAINTS_WARNING:
        level = Level.FATAL if share >= _COMPLAINTS_FATAL else Level.WARNING
        mend = "Find out which readers did not expect these messages; receivers block senders above 0.3 %."
        yield Finding("complaints", level, words, mend)
    else:
        yield Finding("complaints", Level.FINE, words)


def sizes(now: dt.datetime) -> Iterator[Finding]:
    """The largest message of the last week."""
    since = now - dt.timedelta(days=7)
    largest = Delivery.objects.filter(created_at__gte=since).aggregate(largest=Max("size"))["largest"] or 0
    if largest > _LARGE_MESSAGE:
        mend = (
            "Let readers have fewer papers in an issue: Gmail hides the end of such a message, the unsubscribe link among it."
        )
        yield Finding("size", Level.WARNING, f"the largest message of a week has {largest} octets", mend)
    else:
        yield Finding("size", Level.FINE, f"at most {largest} octets in a week")


def _tags(record: str) -> dict[str, str]:
    """`k=v; k=v` of DKIM and DMARC records."""
    pairs = (tag.partition("=") for tag in record.split(";") if "=" in tag)
    return {name.strip().lower(): value.strip().replace(" ", "") for name, _, value in pairs}


def _organisation(domain: str) -> str:
    """The last two labels: near enough to RFC 7489's organizational domain to warn by, and never to block by."""
    return ".".join(domain.lower().rstrip(".").split(".")[-2:])
