"""Where a list goes on: two whole numbers, packed so that nobody takes them for an interface."""

import base64
import binascii
import re
from typing import NamedTuple

_NUMBERS = re.compile(rb"(-?\d{1,18})\.(\d{1,18})", re.ASCII)
PATTERN = r"^[A-Za-z0-9_-]{1,60}$"


class BadCursor(ValueError):
    """A cursor that no list has given out."""


class Cursor(NamedTuple):
    """`at` is an instant in microseconds since 1970, `number` an id or a place, as the list needs it."""

    at: int
    number: int

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at}.{self.number}".encode()).rstrip(b"=").decode()


def read(packed: str) -> Cursor:
    """The cursor that `str` made; BadCursor for anything else."""
    try:
        numbers = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCursor(packed) from error
    match = _NUMBERS.fullmatch(numbers)
    if match is None:
        raise BadCursor(packed)
    found = Cursor(int(match[1]), int(match[2]))
    if str(found) != packed:
        raise BadCursor(packed)
    return found
