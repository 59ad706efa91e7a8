"""Text with holes, encoded once and filled for each reader.

A template is rendered with marks where something personal will stand. The text is then cut at the marks and each piece is
transfer-encoded by itself, a soft line break (RFC 2045 section 6.7, rule 5) parting it from what fills the hole, so that the
whole is valid whatever the filling. A number is short enough to need no break: it takes the room of one escaped octet.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from digest.messages import quoted

# Noncharacters: `inert.line` removes them from all that strangers wrote, and HTML parsers pass them through.
_HOLE, _NUMBER, _CLOSE = "\ufdd0", "\ufdd2", "\ufdd1"
_HOLES = re.compile(f"{_HOLE}([a-z0-9_]+){_CLOSE}")
_NUMBERS = re.compile(f"{_NUMBER}([a-z0-9_]+){_CLOSE}")


def hole(name: str) -> str:
    """The mark of a hole, to be rendered where its filling will stand; `name` is of lower-case letters, digits and `_`."""
    return f"{_HOLE}{name}{_CLOSE}"


def number(name: str) -> str:
    """The mark of a hole that takes a number of at most three digits, or spaces in their stead."""
    return f"{_NUMBER}{name}{_CLOSE}"


def filling(text: str) -> bytes:
    """What fills a hole: the text encoded, so that anything may follow it."""
    return quoted.encode_open(text)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Encoded text with holes: a bytes format that takes a mapping. `size` is its octets before encoding, holes empty."""

    template: bytes
    size: int

    def filled(self, values: Mapping[bytes, bytes]) -> bytes:
        """The encoded text; `values` holds a `filling` for each hole and plain digits for each number."""
        return self.template % values


def _encoded(piece: str) -> bytes:
    """A piece between holes, its numbers as format fields. An octet below 32 becomes `=0X`: three characters, never parted."""
    names: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        names.append(match[1])
        return chr(len(names)) if len(names) < 9 else chr(len(names) + 5)

    encoded = quoted.encode_open(_NUMBERS.sub(stand_in, piece)).replace(b"%", b"%%")
    for index, name in enumerate(names, start=1):
        octet = index if index < 9 else index + 5
        encoded = encoded.replace(b"=%02X" % octet, b"%%(%b)b" % name.encode())
    return encoded


def pattern(text: str) -> Pattern:
    """Cut and encode a rendered text with at most 23 numbers between two holes. It ends so that anything may follow it."""
    split = _HOLES.split(text)
    parts: list[bytes] = []
    for index, piece in enumerate(split):
        if index % 2:
            parts.append(b"%%(%b)b" % piece.encode())
        else:
            parts.append(_encoded(piece))
    return Pattern(b"".join(parts), sum(len(_NUMBERS.sub("", each).encode()) for each in split[::2]))
