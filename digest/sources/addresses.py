"""Which addresses on the network we connect to: public ones, and none that stands for another."""

import ipaddress
import socket
import threading
from collections.abc import Callable

Resolver = Callable[[str, int], list[str]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# 6to4, Teredo, local NAT64, IPv4-compatible, and documentation: each may lead somewhere else than it says.
_REFUSED = tuple(
    map(ipaddress.ip_network, ("2002::/16", "2001::/32", "64:ff9b:1::/48", "::/96", "fec0::/10", "192.88.99.0/24"))
)


class NotPublic(OSError):
    """The host is no public one, or has no address at all."""


def is_public(text: str) -> bool:
    """Whether the address is one of the public Internet, whatever it is wrapped in."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if address in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)))
    if any(address.version == network.version and address in network for network in _REFUSED):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback or address.is_private
    )


def resolve(host: str, port: int) -> list[str]:
    """The host's addresses as the system knows them, in its order."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def public_address(host: str, port: int, resolver: Resolver, seconds: float) -> str:
    """An address of the host to connect to, when all of them are public. Raises NotPublic, or TimeoutError after `seconds`.

    One private address among several is enough to refuse: whoever answers the name chooses which one comes first.
    """
    answers: list[list[str]] = []
    failures: list[OSError] = []

    def ask() -> None:
        try:
            answers.append(resolver(host, port))
        except OSError as error:
            failures.append(error)
        except UnicodeError:
            failures.append(NotPublic(f"{host!r} is not the name of a host"))

    # The system's resolver takes no time limit.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(max(seconds, 0))
    if failures:
        raise NotPublic(f"the host {host} has no address ({failures[0].strerror or failures[0]})")
    if not answers:
        raise TimeoutError(f"the name {host} was not resolved in time")
    (found,) = answers
    if not found:
        raise NotPublic(f"the host {host} has no address")
    for address in found:
        if not is_public(address):
            raise NotPublic(f"the host {host} is at {address}, which is not a public address")
    return found[0]
