"""The messages that the local inbox keeps, as its pages show them."""

import contextlib
import datetime as dt
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import default as policy
from pathlib import Path

# One header section at most: RFC 5322 sets no limit, and a list of messages need not read their bodies.
_HEADER_OCTETS = 64 * 1024
_BASE = b'<base target="_blank">'


@dataclass(frozen=True)
class Line:
    """A message in the list. `kept_at` is when it arrived here."""

    key: str
    sender: str
    recipient: str
    subject: str
    message_id: str
    kept_at: dt.datetime


@dataclass(frozen=True)
class Opened:
    """A message that is read: its headers in order, and its parts (None when it has no such part)."""

    key: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    octets: int


class Inbox:
    """A Maildir. A key is a file's name without its flags."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _paths(self) -> list[tuple[float, Path]]:
        """When each message arrived, and where it is, newest first."""
        found = []
        for folder in ("new", "cur"):
            with contextlib.suppress(FileNotFoundError):
                found += [(path.stat().st_mtime, path) for path in (self._directory / folder).iterdir()]
        return sorted(found, reverse=True)

    def count(self) -> int:
        """How many messages are kept."""
        return len(self._paths())

    def lines(self, start: int, stop: int) -> list[Line]:
        """Messages `start` to `stop`, counted from the newest."""
        return [_line(path, moment) for moment, path in self._paths()[start:stop]]

    def source(self, key: str) -> bytes | None:
        """A message as it was received, or None when there is none of that key."""
        for _moment, path in self._paths():
            if _key(path) == key:
                return path.read_bytes()
        return None

    def open(self, key: str) -> Opened | None:
        """A message with its parts, or None when there is none of that key."""
        source = self.source(key)
        if source is None:
            return None
        message = BytesParser(policy=policy).parsebytes(source)
        return Opened(
            key,
            _header(message, "Subject"),
            tuple((name, str(value)) for name, value in message.items()),
            _part(message, "plain"),
            _part(message, "html"),
            len(source),
        )

    def by_message_id(self) -> dict[str, list[str]]:
        """The keys of the messages of each Message-ID: more than one when a message came more than once."""
        keys: dict[str, list[str]] = {}
        for line in self.lines(0, self.count()):
            keys.setdefault(line.message_id, []).append(line.key)
        return keys


def for_a_frame(html: str) -> bytes:
    """The HTML part for the page's frame: its links open beside the page, and nothing else is changed."""
    body = html.encode("utf-8", "replace")
    return re.sub(rb"(<head\b[^>]*>)", rb"\1" + _BASE, body, count=1, flags=re.IGNORECASE)


def _key(path: Path) -> str:
    return path.name.partition(":")[0]


def _header(message: EmailMessage, name: str) -> str:
    return str(message[name] or "")


def _line(path: Path, moment: float) -> Line:
    with path.open("rb") as file:
        message = BytesHeaderParser(policy=policy).parsebytes(file.read(_HEADER_OCTETS))
    return Line(
        _key(path),
        _header(message, "From"),
        _header(message, "Delivered-To") or _header(message, "To"),
        _header(message, "Subject"),
        _header(message, "Message-ID"),
        dt.datetime.fromtimestamp(moment, dt.UTC),
    )


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        return content.decode("utf-8", "replace")
