"""Mailboxes as headers and envelopes write them (RFC 5322 section 3.4, RFC 5890, RFC 6532)."""

import functools
import re
from dataclasses import dataclass
from email.utils import parseaddr

import idna
from django.core.exceptions import ImproperlyConfigured

from digest.messages import headers, inert

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")

_SAFE_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name, perhaps empty, and an address whose domain is in ASCII."""

    name: str
    address: str

    def __post_init__(self) -> None:
        """Raises ValueError for what would break out of a header field or an SMTP command."""
        if not inert.is_plain(self.name + self.address) or not _SAFE_ADDRESS.fullmatch(self.address):
            raise ValueError(f"{self.address!r} (named {self.name!r}) cannot be written in a header field")

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def header(self) -> str:
        """`Ada Lovelace <ada@example.org>`: the name as atoms, as a quoted string or as encoded words, as it needs."""
        if not self.name:
            return self.address
        if not self.name.isascii() or "=?" in self.name:
            return f"{headers.encoded_words(self.name)} <{self.address}>"
        if _ATOMS.fullmatch(self.name):
            return f"{self.name} <{self.address}>"
        escaped = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{self.address}>'


def transport(address: str) -> str:
    """The address with its domain in ASCII. When the part before the @ is not ASCII, the relay must offer SMTPUTF8."""
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address


@functools.cache
def sender(setting: str, variable: str) -> Mailbox:
    """A sender as the settings write it; raises ImproperlyConfigured naming the variable when it is no address."""
    name, address = parseaddr(setting)
    if not inert.is_plain(setting) or not _SAFE_ADDRESS.fullmatch(address):
        raise ImproperlyConfigured(
            f"{variable} is {setting!r}. It takes an address, with a name if wanted; "
            f"for example {variable}=Paper Round <digest@papers.example.org>"
        )
    return Mailbox(name, transport(address))
