"""What a server says: replies of one or more lines (RFC 5321, 4.2), with their enhanced status code (RFC 2034) if any."""

import re
from dataclasses import dataclass

# A line is at most 512 octets (4.5.3.1.5); servers exceed it, but not by this much, and a reply has no thousand lines.
_LONGEST_LINE = 8192
_LONGEST_REPLY = 65536
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class BadReply(ValueError):
    """The server said something that is not SMTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code, its enhanced status code ("" when it has none) and its text, lines joined by a blank."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(line for line in self.lines if line)

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
        lines = (self._pending + octets).split(b"\n")
        self._pending = lines.pop()
        if len(self._pending) > _LONGEST_LINE:
            raise BadReply("a line without end")
        complete: list[Reply] = []
        for raw in lines:
            line = raw.removesuffix(b"\r").decode("utf-8", "backslashreplace")
            if not (line[:3].isascii() and line[:3].isdigit() and line[3:4] in {"", " ", "-"}):
                raise BadReply(f"not an SMTP reply: {line[:80]!r}")
            self._lines.append(line[4:].strip())
            self._size += len(raw)
            if self._size > _LONGEST_REPLY:
                raise BadReply("a reply without end")
            if line[3:4] != "-":
                complete.append(Reply(int(line[:3]), tuple(self._lines)))
                self._lines, self._size = [], 0
        return complete
