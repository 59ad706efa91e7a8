"""An SMTP server that keeps what it is given and misbehaves when told to."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass(frozen=True)
class Taken:
    """A message that arrived with its final dot. `answered` is what the server said, "" when it said nothing."""

    sender: str
    recipient: str
    content: bytes
    answered: str


DROP = "drop"
Script = Callable[[str, str], str | None]
"""(step, recipient or "") -> a reply, DROP, or None for what a good server says.

Steps: connect, ehlo, auth, mail, rcpt, data, body (after its first line), dot.
"""


def at_step(step: str, reply: str, *names: str, times: int = 1_000_000) -> Script:
    """Say `reply` at `step` for these recipients (all, when none is named), this many times."""
    left = [times]

    def script(at: str, recipient: str) -> str | None:
        if at != step or left[0] <= 0 or (names and recipient.partition("@")[0] not in names):
            return None
        left[0] -= 1
        return reply

    return script


@dataclass
class Relay:
    """Listens on a port of its own of 127.0.0.1 from `start` to `stop`."""

    script: Script = lambda step, recipient: None
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SIZE 1000000", "ENHANCEDSTATUSCODES")
    tls: ssl.SSLContext | None = None
    starttls: bool = False
    passwords: dict[str, str] = field(default_factory=dict)
    # Messages that one connection may bring: the next MAIL is answered 421; if `abrupt`, it ends without a word before that.
    each: int = 1_000_000
    abrupt: bool = False
    taken: list[Taken] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: int = 0

    def start(self) -> "Relay":
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._open: set[socket.socket] = set()
        self._threads[0].start()
        return self

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()  # from here on nobody new is let in
        for channel in list(self._open):
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(channel)
            thread = threading.Thread(target=self._serve, args=[channel], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, channel: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), contextlib.ExitStack() as stack:
            stack.callback(self._open.discard, channel)
            stack.callback(channel.close)
            if self.tls and not self.starttls:
                channel = self.tls.wrap_socket(channel, server_side=True)
                stack.callback(channel.close)
            _Conversation(self, channel).run(stack)


class _Conversation:
    def __init__(self, relay: Relay, channel: socket.socket) -> None:
        self.relay, self.channel = relay, channel
        self.reader: BinaryIO = channel.makefile("rb")
        self.sender = self.recipient = ""
        self.refused = False
        self.brought = 0

    def say(self, reply: str) -> None:
        self.channel.sendall(f"{reply}\r\n".encode())

    def step(self, name: str, good: str) -> str:
        """Say what the script wants, or the good reply; raises EOFError to drop the connection."""
        reply = self.relay.script(name, self.recipient) or good
        if reply == DROP:
            raise EOFError
        self.say(reply)
        return reply

    def line(self) -> str:
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        said = line[:-2].decode()
        self.relay.said.append(said)
        return said

    def run(self, stack: contextlib.ExitStack) -> None:
        stack.callback(self.reader.close)
        self.step("connect", "220 relay.example.org")
        while True:
            said = self.line()
            verb = said.split(" ")[0].upper()
            if verb == "EHLO":
                offered = [*self.relay.extensions]
                if self.relay.starttls and not isinstance(self.channel, ssl.SSLSocket):
                    offered.append("STARTTLS")
                lines = ["relay.example.org", *offered]
                self.step("ehlo", "\r\n".join(f"250{'-' if n < len(lines) else ' '}{each}" for n, each in enumerate(lines, 1)))
            elif verb == "STARTTLS" and self.relay.tls:
                self.say("220 go ahead")
                self.channel = self.relay.tls.wrap_socket(self.channel, server_side=True)
                stack.callback(self.channel.close)
                self.reader = self.channel.makefile("rb")
            elif verb == "AUTH":
                self.authenticate(said)
            elif verb == "MAIL":
                if self.brought >= self.relay.each:
                    self.say("421 4.7.0 too many messages on this connection")
                    return
                self.sender = said.partition("<")[2].partition(">")[0]
                self.recipient, self.refused = "", False
                self.refused = not self.step("mail", "250 2.1.0 ok").startswith("2")
            elif verb == "RCPT":
                self.recipient = said.partition("<")[2].partition(">")[0]
                if self.refused:
                    self.say("503 5.5.1 MAIL first")
                else:
                    self.refused = not self.step("rcpt", "250 2.1.5 ok").startswith("2")
            elif verb == "DATA":
                self.data()
            elif verb == "RSET":
                self.sender = self.recipient = ""
                self.say("250 2.0.0 ok")
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return

    def authenticate(self, said: str) -> None:
        import base64

        if said.startswith("AUTH PLAIN "):
            _, name, password = base64.b64decode(said[11:]).decode().split("\0")
        else:
            self.say("334 VXNlcm5hbWU6")
            name = base64.b64decode(self.line()).decode()
            self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(self.line()).decode()
        good = self.relay.passwords.get(name) == password
        self.step("auth", "235 2.7.0 ok" if good else "535 5.7.8 no such name or password")

    def data(self) -> None:
        if self.refused and self.relay.script("data", self.recipient) is None:
            self.say("503 5.5.1 no valid recipients")
            return
        if not self.step("data", "354 go on").startswith("354"):
            return
        lines: list[bytes] = []
        while (line := self.reader.readline()) != b".\r\n":
            if not line:
                raise EOFError
            lines.append(line.removeprefix(b"."))
            if len(lines) == 1 and self.relay.script("body", self.recipient) == DROP:
                raise EOFError
        if self.refused:
            self.say("554 5.5.1 no valid recipients")
            return
        reply = self.relay.script("dot", self.recipient) or "250 2.0.0 queued"
        answered = "" if reply == DROP else reply
        if reply == DROP or reply.startswith("2"):
            self.relay.taken.append(Taken(self.sender, self.recipient, b"".join(lines), answered))
        if reply == DROP:
            raise EOFError
        self.say(reply)
        self.brought += 1
        if self.relay.abrupt and self.brought >= self.relay.each:
            raise EOFError
