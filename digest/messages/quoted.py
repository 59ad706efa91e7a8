"""Quoted-printable (RFC 2045 section 6.7), chosen so that no line starts with a dot.

A line that starts with a dot would have to be doubled on its way through SMTP (RFC 5321 section 4.5.2); written as `=2E` it
passes as it is, and the sender never scans a body. `From ` at the start of a line is masked too, for relays that keep mbox
files.
"""

import re
from binascii import b2a_qp
from itertools import repeat

SOFT = b"=\r\n"
_LONGEST = 76
_PLAIN_LENGTH = 72
_RISKY_STARTS = (".", "From ")
_SOFT, _CRLF = "=\r\n", "\r\n"
_RISKY = re.compile(rb"^(?:\.|From )", re.MULTILINE)
_RISKY_LINE = re.compile(rb"^(?:\.|From ).*$", re.MULTILINE)


def _masked(line: bytes) -> bytes:
    """The line with its first octet escaped if need be, broken softly in two when that makes it too long."""
    if not _RISKY.match(line):
        return line
    line = b"=%02X%b" % (line[0], line[1:])
    if len(line) <= _LONGEST:
        return line
    cut = _LONGEST - 4
    while b"=" in line[cut - 2 : cut]:
        cut -= 1
    return b"%b=\n%b" % (line[:cut], _masked(line[cut:]))


def is_plain(text: str) -> bool:
    """Whether the text is one short line that needs no encoding at all."""
    return (
        0 < len(text) <= _PLAIN_LENGTH
        and text.isascii()
        and text.isprintable()
        and "=" not in text
        and text[-1] != " "
        and not text.startswith((".", "From "))
    )


def encode(text: str) -> bytes:
    """The text in UTF-8 and quoted-printable, CRLF between lines. Its lines are parted by LF; it starts on a new line."""
    if is_plain(text):
        return text.encode()
    encoded = b2a_qp(text.encode(), istext=True)
    if encoded.startswith((b".", b"From ")) or b"\n." in encoded or b"\nFrom " in encoded:
        encoded = _RISKY_LINE.sub(lambda match: _masked(match[0]), encoded)
    return encoded.replace(b"\n", b"\r\n")


def encode_open(text: str) -> bytes:
    """The text encoded so that anything may follow it on the same line: with a soft break, unless empty or ending a line."""
    # Most of what is personal is short and plain, and needs no more than to be cut.
    if "=" not in text and text.isascii():
        if text.isprintable():
            parts = [text[first : first + _PLAIN_LENGTH] for first in range(0, len(text), _PLAIN_LENGTH)]
            if not any(map(str.startswith, parts, repeat(_RISKY_STARTS))):
                return f"{_SOFT.join(parts)}{_SOFT}".encode() if text else b""
        elif all(map(is_plain, lines := text.split("\n"))):
            return f"{_CRLF.join(lines)}{_SOFT}".encode()
    encoded = encode(text)
    if not encoded or encoded.endswith(b"\n"):
        return encoded
    if len(encoded) - encoded.rfind(b"\n") - 1 == _LONGEST:
        cut = len(encoded) - 6
        while b"=" in encoded[cut - 2 : cut]:
            cut -= 1
        encoded = encoded[:cut] + SOFT + _masked(encoded[cut:])
    return encoded + SOFT
