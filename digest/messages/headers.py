"""Header fields: encoded words, folding and dates (RFC 2047, RFC 5322 sections 2.2.3 and 3.3)."""

import datetime as dt
import functools
from binascii import b2a_base64

from digest.messages import inert

# An encoded word has at most 75 characters (RFC 2047 section 2): 12 of frame, and 60 of base64 that carry 45 octets.
_OCTETS_A_WORD = 45
_BETWEEN_WORDS = "?=\r\n =?utf-8?b?"
_LINE = 78
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def encoded_words(text: str) -> str:
    """The text as encoded words, each of whole characters, folded one a line."""
    octets = text.encode()
    words, start, last = [], 0, len(octets)
    while start < last:
        end = start + _OCTETS_A_WORD
        # 10xxxxxx continues a character (RFC 3629 section 3).
        while end < last and octets[end] & 0xC0 == 0x80:
            end -= 1
        words.append(b2a_base64(octets[start:end], newline=False).decode())
        start = end
    return f"=?utf-8?b?{_BETWEEN_WORDS.join(words)}?="


def field(name: str, value: str) -> str:
    """`Name: value` CRLF, folded at spaces to lines of 78 where the words allow. `value` is ASCII, or folded already."""
    if len(name) + 2 + len(value) <= _LINE or "\r\n" in value:
        return f"{name}: {value}\r\n"
    lines, current = [], f"{name}:"
    for word in value.split(" "):
        if len(current) + 1 + len(word) > _LINE and current.strip() and not current.endswith(":"):
            lines.append(current)
            current = f" {word}"
        else:
            current = f"{current} {word}"
    return "\r\n".join([*lines, current]) + "\r\n"


def unstructured(name: str, text: str) -> str:
    """A field of free text: as it is when ASCII, else in encoded words. What looks like an encoded word is encoded itself."""
    if not inert.is_plain(text):
        text = inert.line(text)
    if text.isascii() and "=?" not in text and max(map(len, text.split(" ")), default=0) < _LINE - 2:
        return field(name, text)
    return f"{name}: {encoded_words(text)}\r\n"


@functools.lru_cache(maxsize=8)
def date(instant: dt.datetime) -> str:
    """`Mon, 16 Mar 2026 07:00:00 +0000`, always in UTC."""
    utc = instant.astimezone(dt.UTC)
    return f"{_DAYS[utc.weekday()]}, {utc.day:02} {_MONTHS[utc.month - 1]} {utc.year:04} {utc:%H:%M:%S} +0000"
