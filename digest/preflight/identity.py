"""What receivers ask of a sender's names: DMARC and alignment, reverse names, domains that take answers."""

from collections.abc import Iterator, Sequence

from digest.preflight.domains import policy, related
from digest.preflight.findings import Finding, Level
from digest.preflight.world import World

# Their own DMARC policies have receivers refuse whoever else sends in their name (Gmail's and Yahoo's rules for senders).
_PROVIDERS = frozenset(
    {"gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "aol.com", "outlook.com", "hotmail.com", "live.com", "msn.com",
     "icloud.com", "me.com", "gmx.com", "gmx.net", "web.de", "proton.me", "protonmail.com"}
)  # fmt: skip


def dmarc(world: World, domain: str, bounce: str, signing: str) -> Iterator[Finding]:
    """RFC 7489: a policy for the domain that readers see, and both SPF's and DKIM's domain aligned with it.

    `bounce` is the domain of the return path, `signing` the one that DKIM signs for. Gmail asks for one of the two, and warns
    that it may ask for both.
    """
    at, record = policy(world, domain)
    if record.get("p") not in {"none", "quarantine", "reject"}:
        mend = f'Publish one TXT record at _dmarc.{domain}; for example "v=DMARC1; p=none; rua=mailto:dmarc@{domain}".'
        yield Finding("DMARC", Level.FATAL, f"{domain} has no DMARC policy", mend)
        return
    if "rua" not in record:
        mend = f"Add rua=mailto:... to the record at _dmarc.{at}, to hear who sends in your name and what receivers make of it."
        yield Finding("DMARC", Level.WARNING, f"{domain}: p={record['p']}, and nobody gets the reports", mend)
    else:
        yield Finding("DMARC", Level.FINE, f"{domain}: p={record['p']}, from _dmarc.{at}")
    aligned = {"SPF": related(world, bounce, domain), "DKIM": related(world, signing, domain)}
    missing = [name for name, holds in aligned.items() if not holds]
    if len(missing) == len(aligned):
        mend = "Choose a BOUNCE_ADDRESS under the domain of DIGEST_FROM, and have DKIM sign for that domain."
        yield Finding("alignment", Level.FATAL, f"neither {bounce} nor {signing} belongs to {domain}", mend)
    elif missing:
        mend = "Choose a BOUNCE_ADDRESS under the domain of DIGEST_FROM: a forwarded or altered message then still passes."
        yield Finding("alignment", Level.WARNING, f"the return path is at {bounce}, the sender at {domain}", mend)
    else:
        yield Finding("alignment", Level.FINE, f"{bounce} and {signing} belong to {domain}")


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
