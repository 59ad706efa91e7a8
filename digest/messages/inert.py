"""What strangers wrote, made harmless for a message: one line of visible text, or an absolute web address.

Feeds are cleaned at the door (`digest.text`); this is the second lock, where text becomes mail, and it serves what never came
through that door: names, topics, reasons.
"""

import functools
import re
import unicodedata
from urllib.parse import quote, urlsplit, urlunsplit

import idna

# Bidirectional controls (UAX #9 section 2) reorder what stands around them; zero-width characters, soft hyphens, fillers and
# tags hide words inside words; noncharacters are our own marks (`holes`). U+200C and U+200D stay: Persian and Indic scripts
# spell with them.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\ue000-\uf8ff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
# What Python takes for printable all the same; a shorter class, for every name and every subject is looked at.
_UNSEEN_IN_PRINT = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL_SPACE = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_MARKS_A_LETTER = 4
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"


def _without_towers(text: str) -> str:
    """No letter carries more than four combining marks: real writing needs three, towers of them cover other lines."""
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _MARKS_A_LETTER:
            kept.append(character)
    return "".join(kept)


def is_plain(text: str) -> bool:
    """Whether the text is one line of characters that can be seen."""
    if text.isprintable():
        return text.isascii() or not _UNSEEN_IN_PRINT.search(text)
    return not (_UNSEEN.search(text) or _CONTROL_SPACE.search(text))


# The same few reasons and names come again and again within a run.
@functools.lru_cache(maxsize=8192)
def line(text: str) -> str:
    """The text as one line: controls and invisible characters gone, white space single, composed (NFC)."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = _SPACE.sub(" ", _UNSEEN.sub("", _SURROGATE.sub("\ufffd", text))).strip()
    return _without_towers(unicodedata.normalize("NFC", text))


def web_address(url: str) -> str | None:
    """The address in ASCII, when it is an absolute http or https one without credentials; else None.

    A host in another script is shown in its ASCII form (RFC 5890), so that no lookalike letter passes for a known host.
    """
    # Of all white space the ASCII space alone counts as printable.
    if not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.password is not None:
        return None
    try:
        host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return None
    if not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host):
        return None
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    path, query, fragment = (quote(part, safe=_URL_SAFE) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, netloc, path, query, fragment))
