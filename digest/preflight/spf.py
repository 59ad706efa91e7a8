"""SPF (RFC 7208): the record of the return path's domain, with everything that it includes."""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from digest.preflight import terms
from digest.preflight.findings import Finding, Level
from digest.preflight.terms import Address, Mechanism, Record, Unreadable
from digest.preflight.world import World

# RFC 7208, 4.6.4: a receiver gives up on a record that makes it ask more often, or that asks in vain more than twice.
_MOST_LOOKUPS, _MOST_VOIDS = 10, 2
_EXAMPLE = '"v=spf1 include:relay.example.org -all"'
_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


def spf(world: World, domain: str, relays: Sequence[str]) -> Iterator[Finding]:
    """One record, at most ten lookups in the whole chain, nothing broken in it, not for everyone, a pass for each relay."""
    records = _records(world.txt(domain))
    if len(records) != 1:
        mend = f"Publish one TXT record at {domain}, as your relay says; for example {_EXAMPLE}."
        yield Finding("SPF", Level.FATAL, f"{domain} has {len(records) or 'no'} SPF records", mend)
        return
    dns = _Dns(world)
    whole = _Chain(dns)
    try:
        whole.walk(domain, records[0])
        found = {relay: _Chain(dns).result(domain, records[0], ipaddress.ip_address(relay)) for relay in relays}
    except _TooMany:
        mend = "Leave out includes that are not needed: receivers treat such a record as an error."
        words = f"{domain} takes more than {_MOST_LOOKUPS} lookups, and no more are allowed: {whole.path}"
        yield Finding("SPF", Level.FATAL, words, mend)
        return
    except Unreadable as error:
        mend = "Correct or remove that term: receivers treat the whole record as an error."
        yield Finding("SPF", Level.FATAL, f"{domain}: {error} ({whole.path})", mend)
        return
    outside = [f"{relay} ({result})" for relay, result in found.items() if result != "pass"]
    if whole.anyone:
        yield Finding("SPF", Level.FATAL, f"{domain} lets anyone send: {whole.anyone}", "End the record with -all or ~all.")
    elif outside:
        mend = f"Add ip4: or ip6: terms for them, or your relay's include, to the record at {domain}."
        yield Finding("SPF", Level.FATAL, f"{domain} does not name {', '.join(outside)}", mend)
    elif not whole.ends:
        mend = "End the record with -all or ~all, or anyone may send for you and pass as neutral."
        yield Finding("SPF", Level.WARNING, f"{domain}: the record says nothing of all others: {whole.path}", mend)
    else:
        yield Finding("SPF", Level.FINE, f"{whole.path}: {whole.lookups} lookups of {_MOST_LOOKUPS}")


class _TooMany(Exception):
    """The chain takes more lookups than a receiver makes."""


class _Dns:
    """The world's names, each asked once."""

    def __init__(self, world: World) -> None:
        self.txt, self.addresses = cache(world.txt), cache(world.addresses)
        self.exchangers, self.names = cache(world.exchangers), cache(world.names)


@dataclass
class _Chain:
    """A record and what it includes: walked through as a whole, or asked about one address as a receiver does.

    `anyone`: the term that lets everybody pass, "" without one. `ends`: it says of all others that they fail, at least softly.
    """

    dns: _Dns
    lookups: int = 0
    voids: int = 0
    anyone: str = ""
    ends: bool = False
    domains: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return " > ".join(self.domains)

    def walk(self, domain: str, text: str, *, included: bool = False) -> bool:
        """Follow every term; whether everybody passes. Raises _TooMany and Unreadable. Macros stay as they are: they depend on
        the address, and what they lead to is counted and not followed.
        """
        record = self._read(domain, text)
        for each in record.mechanisms:
            everybody = each.name == "all" or (each.network is not None and each.network.prefixlen == 0)
            if each.name == "include":
                everybody = self._walk_include(each)
            elif each.name in {"a", "mx", "exists", "ptr"}:
                self._count()
                name = each.domain or domain
                if each.name in {"a", "mx"} and not terms.has_macros(name):
                    self._note_void(each, self._hosts(each, name))
            if everybody and each.qualifier == "+":
                self.anyone = self.anyone or ("" if included else each.text)
                return True
            if each.name == "all":
                self.ends = each.qualifier in "-~"
                return False
        if record.redirect:
            self._count()
            if terms.has_macros(record.redirect):
                self.domains.append(record.redirect)
                return False
            return self.walk(record.redirect, self._text(record.redirect, f"redirect={record.redirect}"), included=included)
        return False

    def result(self, domain: str, text: str, address: Address) -> str:
        """What a receiver makes of the address: pass, fail, softfail or neutral. Raises _TooMany and Unreadable."""
        record = self._read(domain, text)
        for each in record.mechanisms:
            if self._matches(each, domain, address):
                return _RESULTS[each.qualifier]
        if not record.redirect:
            return "neutral"
        self._count()
        target = terms.filled(record.redirect, domain, address)
        return self.result(target, self._text(target, f"redirect={record.redirect}"), address)

    def _read(self, domain: str, text: str) -> Record:
        self.domains.append(domain)
        return terms.read(text)

    def _walk_include(self, each: Mechanism) -> bool:
        self._count()
        if terms.has_macros(each.domain):
            self.domains.append(each.domain)
            return False
        ends = self.ends
        everybody = self.walk(each.domain, self._text(each.domain, each.text), included=True)
        self.ends = ends
        return everybody

    def _matches(self, each: Mechanism, domain: str, address: Address) -> bool:
        if each.name == "all":
            return True
        if each.network is not None:
            return address in each.network
        self._count()
        name = terms.filled(each.domain, domain, address) if each.domain else domain
        match each.name:
            case "include":
                return self.result(name, self._text(name, each.text), address) == "pass"
            case "exists":
                found = [host for host in self.dns.addresses(name) if ":" not in host]
                self._note_void(each, found)
                return bool(found)
            case "ptr":
                names = [host.lower().rstrip(".") for host in self.dns.names(str(address))[:_MOST_LOOKUPS]]
                ours = [host for host in names if host == name.lower() or host.endswith(f".{name.lower()}")]
                return any(address in map(ipaddress.ip_address, self.dns.addresses(host)) for host in ours)
            case _:
                hosts = [host for host in self._hosts(each, name) if host.version == address.version]
                self._note_void(each, hosts)
                length = each.four if address.version == 4 else each.six
                return any(address in ipaddress.ip_network(f"{host}/{length}", strict=False) for host in hosts)

    def _hosts(self, each: Mechanism, name: str) -> list[Address]:
        """The addresses behind an `a` or `mx`."""
        names = [name]
        if each.name == "mx":
            names = [host for host in self.dns.exchangers(name) if host != "."]
            if len(names) > _MOST_LOOKUPS:
                raise Unreadable(f"{each.text} has {len(names)} exchangers, and {_MOST_LOOKUPS} are allowed")
        return [ipaddress.ip_address(address) for host in names for address in self.dns.addresses(host)]

    def _text(self, domain: str, term: str) -> str:
        records = _records(self.dns.txt(domain))
        if len(records) != 1:
            raise Unreadable(f"{term} leads to {len(records) or 'no'} SPF records")
        return records[0]

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > _MOST_LOOKUPS:
            raise _TooMany

    def _note_void(self, each: Mechanism, found: Sequence[object]) -> None:
        self.voids += not found
        if self.voids > _MOST_VOIDS:
            raise Unreadable(f"{each.text} is the third that leads nowhere, and {_MOST_VOIDS} are allowed")


def _records(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]
