"""A message that came back, taken apart as MIME: headers, parts, and what it says to people. Hostile input is bounded here."""

import base64
import email
import email.errors
import email.header
import email.parser
import quopri
import re
from collections.abc import Iterator
from email.message import Message

from digest.bounces import phrases

# More than this is what came back with a report, not the report. Nobody writes words of 200 letters; hostile messages do.
LONGEST_MESSAGE = 5_000_000
LONGEST_TEXT = 60_000
DEEPEST = 20
RUN = re.compile(r"(\S{200})\S+")
_TAGS = re.compile(
    r"<(?:style|script)\b(?:(?!<(?:style|script)\b).)*?</(?:style|script)>|</?[a-z][^<>]{0,2000}>", re.IGNORECASE | re.DOTALL
)


def parsed(octets: bytes) -> Message:
    """The message; one that is nested deeper than Python goes is left in one piece under its headers."""
    try:
        return email.message_from_bytes(octets[:LONGEST_MESSAGE])
    except RecursionError:
        return email.parser.BytesHeaderParser().parsebytes(octets[:LONGEST_MESSAGE])


def header(message: Message, name: str) -> str:
    """A header as text, its encoded words decoded as far as they can be."""
    raw = message.get(name, "")
    parts = []
    try:
        # Not str(raw): that puts "?" for the octets of a header that nobody encoded.
        decoded = email.header.decode_header(raw)
    except email.errors.HeaderParseError:
        decoded = [(str(raw), None)]
    for value, charset in decoded:
        parts.append(value if isinstance(value, str) else _decode(value, charset or "ascii"))
    return RUN.sub(r"\1", " ".join("".join(parts)[:LONGEST_TEXT].split()))


def _decode(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "replace")
    except (LookupError, ValueError):  # not a charset, or one (idna) that cannot replace
        return octets.decode("utf-8", "replace")


def text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return _decode(payload[:LONGEST_TEXT], part.get_content_charset() or "utf-8").replace("\r\n", "\n")


def prose(message: Message) -> str:
    """What the message says to people, the returned message included if it is quoted there."""
    said: list[str] = []
    for part in parts(message):
        kind = part.get_content_type()
        # A multipart without its parts has lost them to a wrong boundary: its text is all there is.
        if not kind.startswith(("text/plain", "text/html", "multipart/")) or (said and kind == "text/html"):
            continue
        text = text_of(part)
        if kind == "text/html":
            text = re.sub(r"&lt;", "<", re.sub(r"&gt;", ">", _TAGS.sub(" ", text)))
        said.append(text)
        if len(said) == 2:
            break
    return "\n".join(said)


def until_original(text: str) -> str:
    begins = next((found.start() for found in phrases.ORIGINAL.finditer(text) if text[: found.start()].strip()), len(text))
    return text[:begins]


def parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """The parts of a message, without those of a message that it carries."""
    if message.get_content_maintype() == "multipart" and message.is_multipart() and depth < DEEPEST:
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from parts(part, depth + 1)
    else:
        yield message


def groups(part: Message) -> list[Message]:
    """The groups of fields of a part made for machines, whatever encoding it came in (RFC 6533 allows base64)."""
    groups = part.get_payload()
    parsed = [each for each in groups if isinstance(each, Message)] if isinstance(groups, list) else []
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding not in {"base64", "quoted-printable"} and part.get_content_type() == "message/delivery-status":
        return [_mended(each) for each in parsed]
    # Python takes apart only message/delivery-status, and that undecoded; the rest it leaves as a message with its body.
    octets = b"\n\n".join(each.as_bytes() for each in parsed)
    if encoding == "base64":
        octets = _from_base64(octets)
    elif encoding == "quoted-printable":
        octets = quopri.decodestring(octets)
    return [_mended(email.message_from_bytes(each)) for each in re.split(rb"\r?\n(?:[ \t]*\r?\n)+", octets.strip())]


def _mended(group: Message) -> Message:
    """The group with a reply of several lines in one field: some relays do not indent its later lines, which end the fields."""
    rest = group.get_payload()
    if not isinstance(rest, str) or not rest.strip():
        return group
    fields = "".join(f"{name}: {value}\n" for name, value in group.items())
    return email.message_from_string(fields + "".join(_indented(line) for line in rest.splitlines(keepends=True)))


def _indented(line: str) -> str:
    return line if re.match(r"[A-Za-z][\w-]*:|[ \t]", line) else f" {line}"


def _from_base64(octets: bytes) -> bytes:
    """Whatever whole groups of four there are: a part may have been cut off."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
    return base64.b64decode(
        letters[: len(letters) // 4 * 4] + {2: letters[-2:] + b"==", 3: letters[-3:] + b"="}.get(len(letters) % 4, b"")
    )
