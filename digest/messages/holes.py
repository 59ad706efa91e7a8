"""Text with holes, encoded once and filled for each reader.

A template is rendered with marks where something personal will stand. The text is then cut at the marks and each piece is
transfer-encoded by itself, a soft line break (RFC 2045 section 6.7, rule 5) parting it from what fills the hole, so that the
whole is valid whatever the filling. A number is short enough to need no break: it takes the room of one escaped octet.
"""

import functools
import re
from collections.abc import Sequence
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


def plain_filling(text: str) -> bytes:
    """`filling` of what is known to need no encoding: at most 70 letters, digits, hyphens and dots, a dot not first."""
    return text.encode() + quoted.SOFT


@dataclass(frozen=True, slots=True)
class Pattern:
    """Encoded text with holes: `pieces` has one more than `names`."""

    pieces: tuple[bytes, ...]
    names: tuple[str, ...]


# Most pieces are the same in every paper's block.
@functools.lru_cache(maxsize=256)
def _encoded(piece: str) -> tuple[Sequence[bytes], Sequence[str]]:
    """A piece between holes, cut at its numbers. An octet below 32 is encoded as `=0X`, three characters never parted."""
    names = _NUMBERS.findall(piece)
    encoded = quoted.encode_open(_NUMBERS.sub("\x01", piece))
    return encoded.split(b"=01"), names


def pattern(text: str) -> Pattern:
    """Cut and encode a rendered text without control characters. It ends so that anything may follow it."""
    pieces: list[bytes] = []
    names: list[str] = []
    for index, part in enumerate(_HOLES.split(text)):
        if index % 2:
            names.append(part)
        else:
            encoded, numbers = _encoded(part)
            pieces += encoded
            names += numbers
    return Pattern(tuple(pieces), tuple(names))
