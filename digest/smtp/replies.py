"""What a server says: replies of one or more lines (RFC 5321, 4.2), with their enhanced status code (RFC 2034) if any."""

import re
from typing import NamedTuple

# A line is at most 512 octets (4.5.3.1.5); servers exceed it, but not by this much, and a reply has no thousand lines.
_LONGEST_LINE = 8192
_LONGEST_REPLY = 65536
_CODES = {f"{code:03}": code for code in range(1000)}
_FOLLOWS = frozenset({" ", "-", "", "\r"})
# Nothing that a terminal or a database would take for more than text; tabs become blanks.
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], "\N{REPLACEMENT CHARACTER}") | {0x09: " "}
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class BadReply(ValueError):
    """The server said something that is not SMTP."""


class Reply(NamedTuple):
    """One reply: its code, its enhanced status code ("" when it has none) and its text, lines joined by a blank."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.lines))

    @property
    def status(self) -> str:
        """The enhanced status code, "" when there is none or when its class contradicts the reply's."""
        found = _ENHANCED.match(self.lines[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else ""

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        return 500 <= self.code < 600

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


class Replies:
    """Cuts a stream of octets into replies."""

    def __init__(self) -> None:
        self._pending = b""
        self._lines: list[str] = []
        self._size = 0

    def feed(self, octets: bytes) -> list[Reply]:
        """The replies completed by `octets`, in order; raises BadReply for what is not SMTP."""
        whole, newline, self._pending = (self._pending + octets).rpartition(b"\n")
        if len(self._pending) > _LONGEST_LINE:
            raise BadReply("a line without end")
        complete: list[Reply] = []
        if not newline:
            return complete
        for line in whole.decode("utf-8", "backslashreplace").split("\n"):
            code, follows = _CODES.get(line[:3]), line[3:4]
            if code is None or follows not in _FOLLOWS:
                raise BadReply(f"not an SMTP reply: {line[:80]!r}")
            text = line[4:].strip()
            self._lines.append(text if text.isprintable() else text.translate(_CONTROLS))
            self._size += len(line)
            if self._size > _LONGEST_REPLY:
                raise BadReply("a reply without end")
            if follows != "-":
                complete.append(Reply(code, tuple(self._lines)))
                self._lines, self._size = [], 0
        return complete
