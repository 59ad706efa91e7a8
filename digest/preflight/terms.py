"""The words of an SPF record (RFC 7208, 4.6.1, 5 to 7): read, and their macros filled in."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MECHANISM = re.compile(r"(?P<qualifier>[+?~-]?)(?P<name>[a-z0-9]+)(?P<rest>(?:[:/].*)?)", re.I)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9._-]*)=(?P<value>.*)", re.I)
_CIDR = re.compile(r"(?P<spec>:.*?)?(?:/(?P<four>\d{1,2}))?(?://(?P<six>\d{1,3}))?")
# A name has a dot and ends with a label that is no number, or with a macro.
_DOMAIN = re.compile(r"[!-~]*\.(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?|[!-~]*%\{[^}]*\}|[!-~]*%%", re.I)
_MACRO = re.compile(
    r"%(?:\{(?P<letter>[slodiphcrtv])(?P<digits>\d*)(?P<reverse>r?)(?P<delimiters>[.\-+,/_=]*)\}|(?P<sign>[%_-]))", re.I
)
_SIGNS = {"%": "%", "_": " ", "-": "%20"}
_LONGEST_NAME = 253


class Unreadable(ValueError):
    """A term that receivers take for an error, and with it the whole record; the text says which."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`name` with what follows it: a domain ("" for the record's own; it may hold macros), a network, lengths of prefixes."""

    text: str
    qualifier: str
    name: str
    domain: str = ""
    network: Network | None = None
    four: int = 32
    six: int = 128


@dataclass(frozen=True, slots=True)
class Record:
    """The mechanisms in order, and the domain of `redirect=`, "" without one."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


def read(record: str) -> Record:
    """The record's terms. Raises Unreadable for whatever a receiver would stumble over, wherever it stands."""
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in filter(None, record.split(" ")[1:]):
        if found := _MODIFIER.fullmatch(term):
            name = found["name"].lower()
            if name in {"redirect", "exp"}:
                if name in modifiers:
                    raise Unreadable(f"{name}= stands in it twice")
                modifiers[name] = _domain(found["value"], term)
        else:
            mechanisms.append(_mechanism(term))
    return Record(tuple(mechanisms), modifiers.get("redirect", ""))


def filled(text: str, domain: str, address: Address) -> str:
    """A domain with its macros filled in, for a message from `domain` that comes from `address`."""
    name = _MACRO.sub(lambda found: _value(found, domain, address), text).rstrip(".")
    while len(name) > _LONGEST_NAME:
        name = name.partition(".")[2]
    return name


def has_macros(text: str) -> bool:
    return "%" in text


def _mechanism(term: str) -> Mechanism:
    found = _MECHANISM.fullmatch(term)
    if found is None:
        raise Unreadable(f"{term} is no term of SPF")
    name, rest, qualifier = found["name"].lower(), found["rest"], found["qualifier"] or "+"
    match name:
        case "all" if not rest:
            return Mechanism(term, qualifier, name)
        case "include" | "exists" if rest.startswith(":"):
            return Mechanism(term, qualifier, name, _domain(rest[1:], term))
        case "ptr" if not rest or rest.startswith(":"):
            return Mechanism(term, qualifier, name, _domain(rest[1:], term) if rest else "")
        case "a" | "mx":
            return _hosts(term, qualifier, name, rest)
        case "ip4" | "ip6" if rest.startswith(":"):
            return Mechanism(term, qualifier, name, network=_network(rest[1:], 4 if name == "ip4" else 6, term))
        case "include" | "exists" | "ip4" | "ip6":
            raise Unreadable(f"{term} names nothing")
        case _:
            raise Unreadable(f"{term} is no term of SPF")


def _hosts(term: str, qualifier: str, name: str, rest: str) -> Mechanism:
    found = _CIDR.fullmatch(rest)
    four, six = int(found["four"] or 32) if found else 33, int(found["six"] or 128) if found else 129
    if found is None or four > 32 or six > 128:
        raise Unreadable(f"{term} holds no length of a prefix")
    return Mechanism(term, qualifier, name, _domain(found["spec"][1:], term) if found["spec"] else "", four=four, six=six)


def _network(text: str, version: int, term: str) -> Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        network = None
    if network is None or network.version != version:
        raise Unreadable(f"{term} holds no address")
    return network


def _domain(text: str, term: str) -> str:
    if not _DOMAIN.fullmatch(text) or "%" in _MACRO.sub("", text):
        raise Unreadable(f"{term} names no domain")
    if has_macros(text):
        return text
    if any(not 0 < len(label) < 64 for label in text.removesuffix(".").split(".")):
        raise Unreadable(f"{term} names no domain")
    return text.removesuffix(".").lower()


def _value(found: re.Match[str], domain: str, address: Address) -> str:
    if found["sign"]:
        return _SIGNS[found["sign"]]
    letter = found["letter"]
    given = {
        "s": f"postmaster@{domain}",
        "l": "postmaster",
        "o": domain,
        "d": domain,
        "h": domain,
        "i": ".".join(_nibbles(address)),
        "p": "unknown",
        "v": "in-addr" if address.version == 4 else "ip6",
    }.get(letter.lower(), "unknown")
    parts = re.split(f"[{re.escape(found['delimiters'] or '.')}]", given)
    if found["reverse"]:
        parts.reverse()
    if found["digits"]:
        parts = parts[-max(1, int(found["digits"])) :]
    value = ".".join(parts)
    return quote(value, safe="-._~") if letter.isupper() else value


def _nibbles(address: Address) -> Iterator[str]:
    yield from str(address).split(".") if address.version == 4 else address.exploded.replace(":", "")
