"""An SMTP server that journals every message and misbehaves: `python -m tests.chaos.server JOURNAL SHARE SLOW LATE SEED`.

It says its port on standard output; `peace` on standard input ends the misbehaviour, the end of standard input ends the server.

The journal holds one JSON object a line, written once the outcome of a message is final at the server's end: `at` (seconds
since 1970; of a message, when its final dot came), `what` (taken, refused, cut), `recipient`, `id` (Message-ID), `complete`
(whether the body ends with the boundary it announced), `octets`, `reply` ("" when none was given), `written` (whether the reply
went into the socket), `fault`.
"""

import asyncio
import contextlib
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

# Every kind of misbehaviour towards a message, with its weight. The stage is what the connection is dropped at or answers.
FAULTS = {
    "dropped before MAIL is answered": 2,
    "dropped before 354": 2,
    "dropped in the body": 2,
    "taken, and dropped after the dot": 2,
    "dropped after the dot, and not taken": 1,
    "451 at MAIL": 1,
    "451 at RCPT": 2,
    "452 at DATA": 1,
    "451 after the dot": 2,
    "550 5.7.1 at RCPT": 1,
    "550 5.1.1 at RCPT": 1,
    "552 5.2.2 at RCPT": 1,
    "554 5.6.0 after the dot": 1,
    "answered later than the lease": 1,
}
_FOR_GOOD = {"550 5.1.1 at RCPT", "552 5.2.2 at RCPT", "554 5.6.0 after the dot"}
_WORDS = {
    "451 at MAIL": "451 4.3.0 try again later",
    "451 at RCPT": "451 4.2.1 try again later",
    "452 at DATA": "452 4.3.1 insufficient system storage",
    "451 after the dot": "451 4.3.0 try again later",
    "550 5.7.1 at RCPT": "550 5.7.1 not from you",
    "550 5.1.1 at RCPT": "550 5.1.1 user unknown",
    "552 5.2.2 at RCPT": "552 5.2.2 mailbox full",
    "554 5.6.0 after the dot": "554 5.6.0 message refused",
}
_ID = re.compile(rb"^Message-ID:\s*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(rb'boundary="([^"]+)"')


class Dropped(Exception):
    """The connection ends here, as the server wants it or because the client went away."""


class Trouble:
    """What the server does to each message: a seeded draw; a recipient refused for good stays refused."""

    def __init__(self, share: float, slow: float, late: float, seed: int) -> None:
        self.share, self.slow, self.late = share, slow, late
        self.refused: dict[str, str] = {}
        self._random = random.Random(seed)

    def peace(self) -> None:
        self.share = self.slow = 0.0

    def draw(self, recipient: str) -> str:
        """What goes wrong with this attempt, "" when nothing does."""
        if recipient in self.refused:
            return self.refused[recipient]
        if self._random.random() >= self.share:
            return ""
        fault = self._random.choices(list(FAULTS), list(FAULTS.values()))[0]
        if fault in _FOR_GOOD:
            self.refused[recipient] = fault
        return fault

    def turns_away(self) -> bool:
        """Whether a connection is greeted with 421."""
        return self._random.random() < self.share / 5

    def pause(self) -> float:
        """Seconds before an answer to a final dot: all connections are in doubt for most of the time."""
        return self._random.uniform(0.0, 2 * self.slow)


@dataclass(frozen=True)
class Server:
    trouble: Trouble
    journal: IO[str]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side has had enough."""
        with contextlib.suppress(Dropped, OSError, asyncio.IncompleteReadError):
            await _Conversation(self, reader, writer).run()
        writer.transport.abort()

    def note(self, **said: Any) -> None:
        """Write a line; `at` is now unless it is given."""
        self.journal.write(json.dumps({"at": time.time(), **said}) + "\n")
        self.journal.flush()


class _Conversation:
    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._trouble = server.trouble
        self._buffer = bytearray()
        self._recipient = self._fault = ""
        self._refused = False
        self._at = time.time()

    async def run(self) -> None:
        if self._trouble.turns_away():
            self._server.note(what="turned away", fault="421 at the greeting")
            await self._say("421 4.3.2 not now")
            raise Dropped
        await self._say("220 relay.example.org")
        while True:
            line = (await self._until(b"\r\n")).decode()
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    await self._say("250-relay.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
                case "MAIL":
                    self._recipient, self._refused = "", False
                    await self._mail()
                case "RCPT":
                    await self._rcpt(rest.partition("<")[2].partition(">")[0])
                case "DATA":
                    await self._data()
                case "RSET":
                    await self._say("250 2.0.0 ok")
                case "QUIT":
                    await self._say("221 2.0.0 bye")
                    raise Dropped
                case _:
                    await self._say("502 5.5.1 what?")

    async def _mail(self) -> None:
        """The recipient of a pipelined envelope is known before MAIL is answered, and the draw is for a recipient."""
        recipient = await self._peek_recipient()
        self._fault = self._trouble.draw(recipient)
        if self._fault == "dropped before MAIL is answered":
            self._end("cut", recipient)
            raise Dropped
        if self._fault == "451 at MAIL":
            self._refused = True
            await self._refuse(recipient)
        else:
            await self._say("250 2.1.0 ok")

    async def _rcpt(self, recipient: str) -> None:
        self._recipient = recipient
        if self._refused:
            await self._say("503 5.5.1 MAIL first")
        elif self._fault.endswith("at RCPT"):
            self._refused = True
            await self._refuse(recipient)
        else:
            await self._say("250 2.1.5 ok")

    async def _data(self) -> None:
        if self._refused:
            await self._say("503 5.5.1 no valid recipients")
            return
        if self._fault == "dropped before 354":
            self._end("cut", self._recipient)
            raise Dropped
        if self._fault == "452 at DATA":
            await self._refuse(self._recipient)
            return
        await self._say("354 go on")
        if self._fault == "dropped in the body":
            await self._reader.read(2000)
            self._end("cut", self._recipient)
            raise Dropped
        try:
            content = await self._until(b"\r\n.\r\n")
        except asyncio.IncompleteReadError:
            self._end("cut", self._recipient, bytes(self._buffer), fault="the client went away in the body")
            raise
        await self._dot(content)

    async def _dot(self, content: bytes) -> None:
        self._at = time.time()
        await asyncio.sleep(self._trouble.late if self._fault == "answered later than the lease" else self._trouble.pause())
        if self._fault == "dropped after the dot, and not taken":
            self._end("cut", self._recipient, content)
            raise Dropped
        if self._fault.endswith("after the dot") and self._fault in _WORDS:
            await self._refuse(self._recipient, content)
            return
        number = time.monotonic_ns()
        reply = "" if self._fault == "taken, and dropped after the dot" else f"250 2.0.0 queued as {number:x}"
        try:
            if reply:
                await self._say(reply)
        except OSError:
            self._end("taken", self._recipient, content, reply)
            raise
        self._end("taken", self._recipient, content, reply, written=bool(reply))
        if not reply:
            raise Dropped

    async def _refuse(self, recipient: str, content: bytes = b"") -> None:
        reply = _WORDS[self._fault]
        await self._say(reply)
        self._end("refused", recipient, content, reply, written=True)

    def _end(
        self, what: str, recipient: str, content: bytes = b"", reply: str = "", *, written: bool = False, fault: str = ""
    ) -> None:
        named, boundary = _ID.search(content, 0, 16384), _BOUNDARY.search(content, 0, 16384)
        ending = b"--" + boundary[1] + b"--" if boundary else b""
        self._server.note(
            at=self._at if content else time.time(),
            what=what,
            recipient=recipient,
            id=named[1].decode() if named else "",
            complete=what == "taken" and bool(named) and content.rstrip().endswith(ending),
            octets=len(content),
            reply=reply,
            written=written,
            fault=fault or self._fault,
        )

    async def _peek_recipient(self) -> str:
        """Who the next RCPT will name: our sender pipelines it, so it is here or about to come."""
        while b"RCPT TO:<" not in self._buffer or b">" not in self._buffer.partition(b"RCPT TO:<")[2]:
            await self._more()
        return self._buffer.partition(b"RCPT TO:<")[2].partition(b">")[0].decode()

    async def _until(self, end: bytes) -> bytes:
        """What comes before `end`, dots unstuffed where it ends a message."""
        dot = end != b"\r\n"
        if dot and self._buffer[:3] == b".\r\n":
            del self._buffer[:3]
            return b""
        searched = 0
        while (found := self._buffer.find(end, searched)) < 0:
            searched = max(0, len(self._buffer) - len(end))
            await self._more()
            if dot and searched == 0 and self._buffer[:3] == b".\r\n":
                del self._buffer[:3]
                return b""
        taken = bytes(self._buffer[:found])
        del self._buffer[: found + len(end)]
        return taken.replace(b"\r\n..", b"\r\n.") if dot else taken

    async def _more(self) -> None:
        octets = await self._reader.read(65536)
        if not octets:
            raise asyncio.IncompleteReadError(bytes(self._buffer), None)
        self._buffer += octets

    async def _say(self, reply: str) -> None:
        self._writer.write(reply.encode() + b"\r\n")
        await self._writer.drain()


async def _listen(journal: IO[str], trouble: Trouble) -> None:
    server = await asyncio.start_server(Server(trouble, journal).serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    while said := await loop.run_in_executor(None, sys.stdin.readline):
        if said.strip() == "peace":
            trouble.peace()
    server.close()


def read(path: str) -> Iterator[dict[str, Any]]:
    """The journal's lines, in the order in which things ended."""
    with open(path, encoding="utf-8") as journal:
        for line in journal:
            yield json.loads(line)


def main() -> None:
    path, share, slow, late, seed = sys.argv[1:]
    with open(path, "w", encoding="utf-8") as journal:
        asyncio.run(_listen(journal, Trouble(float(share), float(slow), float(late), int(seed))))


if __name__ == "__main__":
    main()
