"""What receivers ask of a sender's names: DMARC and alignment, reverse names, domains that take answers."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence

from digest.preflight.domains import policy, related
from digest.preflight.findings import Finding, Level
from digest.preflight.world import World

# Their own DMARC policies have receivers refuse whoever else sends in their name (Gmail's and Yahoo's rules for senders).
_PROVIDERS = frozenset(
    {"gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "aol.com", "outlook.com", "hotmail.com", "live.com", "msn.com",
     "icloud.com", "me.com", "gmx.com", "gmx.net", "web.de", "proton.me", "protonmail.com"}
)  # fmt: skip

_POLICIES = frozenset({"none", "quarantine", "reject"})


def dmarc(world: World, domain: str, bounce: str, signing: str) -> Iterator[Finding]:
    """RFC 7489: a policy for the domain that readers see, and both SPF's and DKIM's domain aligned with it.

    `bounce` is the domain of the return path, `signing` the one that DKIM signs for. Gmail asks for one of the two, and warns
    that it may ask for both.
    """
    at, record = policy(world, domain)
    # A record of the organization says with sp= what holds for the domains below it, else p= holds for them too.
    tag = "sp" if at != domain and "sp" in record else "p"
    if record.get("p") not in _POLICIES or record[tag] not in _POLICIES:
        mend = f'Publish one TXT record at _dmarc.{domain}; for example "v=DMARC1; p=none; rua=mailto:dmarc@{domain}".'
        found = f"{tag}={record[tag]} at _dmarc.{at} is no policy" if tag in record else f"{domain} has no DMARC policy"
        yield Finding("DMARC", Level.FATAL, found, mend)
        return
    if "rua" not in record:
        mend = f"Add rua=mailto:... to the record at _dmarc.{at}, to hear who sends in your name and what receivers make of it."
        yield Finding("DMARC", Level.WARNING, f"{domain}: {tag}={record[tag]}, and nobody gets the reports", mend)
    else:
        yield Finding("DMARC", Level.FINE, f"{domain}: {tag}={record[tag]}, from _dmarc.{at}")
    yield _alignment(world, domain, {"aspf": bounce, "adkim": signing}, record)


def _alignment(world: World, domain: str, proven: Mapping[str, str], record: Mapping[str, str]) -> Finding:
    """Whether the domains that SPF and DKIM prove belong to the sender's, as strictly as the record asks."""
    strict = {tag for tag in proven if record.get(tag) == "s"}
    aligned = {tag: related(world, each, domain, strict=tag in strict) for tag, each in proven.items()}
    bounce, signing = proven["aspf"], proven["adkim"]
    asked = f" ({' and '.join(f'{tag}=s' for tag in sorted(strict))} asks for the same)" if strict else ""
    if not any(aligned.values()):
        mend = "Choose a BOUNCE_ADDRESS under the domain of DIGEST_FROM, and have DKIM sign for that domain."
        return Finding("alignment", Level.FATAL, f"neither {bounce} nor {signing} belongs to {domain}{asked}", mend)
    if not aligned["aspf"]:
        loosen = ", or leave aspf=s out of the DMARC record" if "aspf" in strict else ""
        mend = f"Choose a BOUNCE_ADDRESS under the domain of DIGEST_FROM{loosen}: an altered message then still passes."
        return Finding("alignment", Level.WARNING, f"the return path is at {bounce}, the sender at {domain}{asked}", mend)
    if not aligned["adkim"]:
        mend = "Have DKIM sign for the domain of DIGEST_FROM: a forwarded message then still passes."
        return Finding("alignment", Level.WARNING, f"signatures are of {signing}, the sender is at {domain}{asked}", mend)
    return Finding("alignment", Level.FINE, f"{bounce} and {signing} belong to {domain}")


def reverse_names(world: World, relays: Sequence[str]) -> Iterator[Finding]:
    """Each address that hands our messages to the world has a name that leads back to it (RFC 1912, 2.1)."""
    if not relays:
        mend = "Set RELAY_ADDRESSES to the addresses from which your relay sends, if you run it yourself."
        yield Finding("PTR", Level.WARNING, "RELAY_ADDRESSES is not set, so reverse names were not checked", mend)
    for address in relays:
        names = world.names(address)
        # An address of version 6 is written in many ways.
        ours = ipaddress.ip_address(address)
        if not any(ours in map(ipaddress.ip_address, world.addresses(name)) for name in names):
            mend = f"Have the owner of {address} set its PTR record to a name whose A or AAAA record is {address}."
            yield Finding("PTR", Level.FATAL, f"{address} has {'a name that does not lead back' if names else 'no name'}", mend)
        else:
            yield Finding("PTR", Level.FINE, f"{address}: {names[0]}")


def senders(world: World, digests: str, notices: str, bounce: str) -> Iterator[Finding]:
    """The addresses we send from are at domains of our own that take messages: bounces must reach us, and readers answer."""
    domains = {
        name: address.rpartition("@")[2].lower() for name, address in (("DIGEST_FROM", digests), ("NOTICE_FROM", notices))
    }
    for name, domain in domains.items():
        if domain in _PROVIDERS:
            mend = f"Set {name} to an address at a domain of your own: {domain} has receivers refuse whoever else uses it."
            yield Finding("sender", Level.FATAL, f"{name} is at {domain}", mend)
    if digests.lower() == notices.lower():
        mend = "Give notices an address of their own, so that a reader who files digests as spam still gets confirmations."
        yield Finding("sender", Level.WARNING, "DIGEST_FROM and NOTICE_FROM are the same address", mend)
    for domain in sorted({*domains.values(), bounce}):
        hosts = world.exchangers(domain)
        if hosts == ["."] or not (hosts or world.addresses(domain)):
            level = Level.FATAL if domain == bounce else Level.WARNING
            why = "bounces come back to it" if domain == bounce else "Microsoft asks that readers can answer"
            mend = f"Publish an MX record for {domain}: {why}."
            yield Finding("answers", level, f"{domain} takes no messages", mend)
        else:
            yield Finding("answers", Level.FINE, f"{domain}: {hosts[0] if hosts else 'its own address'}")
