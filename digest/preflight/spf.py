"""SPF (RFC 7208): the record of the return path's domain, with everything that it includes."""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from digest.preflight.findings import Finding, Level
from digest.preflight.world import World

# RFC 7208, 4.6.4: a receiver gives up on a record that makes it ask more often, or that asks in vain more than twice.
_MOST_LOOKUPS, _MOST_VOIDS = 10, 2
_EXAMPLE = '"v=spf1 include:relay.example.org -all"'


def spf(world: World, domain: str, relays: Sequence[str]) -> Iterator[Finding]:
    """One record, at most ten lookups through the whole chain, no `+all`, nothing broken in it, the relay's addresses named."""
    records = _records(world, domain)
    if len(records) != 1:
        mend = f"Publish one TXT record at {domain}, as your relay says; for example {_EXAMPLE}."
        yield Finding("SPF", Level.FATAL, f"{domain} has {len(records) or 'no'} SPF records", mend)
        return
    chain = _Chain(world)
    chain.follow(domain, records[0])
    path = " > ".join(chain.domains)
    if chain.lookups > _MOST_LOOKUPS:
        mend = "Leave out includes that are not needed: receivers treat such a record as an error."
        found = f"{domain} takes more than {_MOST_LOOKUPS} lookups, and no more are allowed: {path}"
        yield Finding("SPF", Level.FATAL, found, mend)
    elif chain.broken:
        mend = "Correct or remove that term: receivers treat the whole record as an error."
        yield Finding("SPF", Level.FATAL, f"{domain}: {'; '.join(chain.broken)}", mend)
    elif chain.anyone:
        yield Finding("SPF", Level.FATAL, f"{domain} lets anyone send (+all)", "End the record with -all or ~all.")
    elif outside := [each for each in relays if not chain.covers(each)]:
        mend = f"Add ip4: or ip6: terms for them, or your relay's include, to the record at {domain}."
        yield Finding("SPF", Level.FATAL, f"{domain} does not name {', '.join(outside)}", mend)
    elif not chain.ends:
        mend = "End the record with -all or ~all, or anyone may send for you and pass as neutral."
        yield Finding("SPF", Level.WARNING, f"{domain}: the record says nothing of all others: {path}", mend)
    else:
        yield Finding("SPF", Level.FINE, f"{path}: {chain.lookups} lookups of {_MOST_LOOKUPS}")


@dataclass
class _Chain:
    """A record and what it includes. `broken`: what makes receivers give the whole record up (RFC 7208, permerror)."""

    world: World
    lookups: int = 0
    voids: int = 0
    anyone: bool = False
    ends: bool = False
    domains: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = field(default_factory=list)

    def follow(self, domain: str, record: str, *, included: bool = False) -> None:
        self.domains.append(domain)
        redirect = ""
        ends = False
        for term in record.lower().split()[1:]:
            if term.startswith("redirect="):
                redirect = term.partition("=")[2]
                continue
            mechanism, _, value = term.lstrip("+?~-").partition(":")
            mechanism, slash, length = mechanism.partition("/")
            if mechanism == "all":
                ends = True
                self.anyone = self.anyone or (not included and term in {"all", "+all"})
            elif mechanism in {"ip4", "ip6"}:
                self._add(value + (slash + length if slash else ""), term)
            elif "=" not in mechanism:
                self._ask(mechanism, value or domain, slash + length, term)
            if self.lookups > _MOST_LOOKUPS:
                return
        if redirect and not ends:
            self._include(redirect, f"redirect={redirect}", included=included)
        elif not included:
            self.ends = ends

    def covers(self, address: str) -> bool:
        return any(ipaddress.ip_address(address) in network for network in self.networks)

    def _ask(self, mechanism: str, name: str, length: str, term: str) -> None:
        """A mechanism that costs lookups."""
        name, slash, own_length = name.partition("/")
        length = slash + own_length or length
        match mechanism:
            case "include":
                self._include(name, term, included=True)
            case "a":
                self.lookups += 1
                self._hosts([name], length, term)
            case "mx":
                self.lookups += 1
                hosts = self.world.exchangers(name)
                if len(hosts) > _MOST_LOOKUPS:
                    self.broken.append(f"{term} has {len(hosts)} exchangers, and {_MOST_LOOKUPS} are allowed")
                self._hosts(hosts[:_MOST_LOOKUPS], length, term)
            case "exists" | "ptr":
                self.lookups += 1
            case _:
                self.broken.append(f"{term} is no term of SPF")

    def _include(self, name: str, term: str, *, included: bool) -> None:
        self.lookups += 1
        if self.lookups > _MOST_LOOKUPS:
            return
        records = _records(self.world, name)
        if len(records) != 1:
            self.broken.append(f"{term} leads to {len(records) or 'no'} SPF records")
        else:
            self.follow(name, records[0], included=included)

    def _hosts(self, names: Sequence[str], length: str, term: str) -> None:
        found = [address for name in names for address in self.world.addresses(name)]
        for address in found:
            self._add(address + (length.partition("//")[0] if ":" not in address else ""), term)
        if not found:
            self.voids += 1
            if self.voids > _MOST_VOIDS:
                self.broken.append(f"{term} is the third that leads nowhere, and {_MOST_VOIDS} are allowed")

    def _add(self, network: str, term: str) -> None:
        try:
            self.networks.append(ipaddress.ip_network(network, strict=False))
        except ValueError:
            self.broken.append(f"{term} holds no address")


def _records(world: World, domain: str) -> list[str]:
    return [text for text in world.txt(domain) if text.lower().split(" ")[0] == "v=spf1"]
