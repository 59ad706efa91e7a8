"""An IMAP server with one folder, enough of one for a client that reads, marks and moves."""

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Box:
    """The folder: uid -> message and flags; `validity` changes when a server numbers its messages anew."""

    messages: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    moved: list[bytes] = field(default_factory=list)
    keywords: bool = True
    validity: int = 1
    # Messages after which the connection is cut in the middle of the next one; None for never.
    cut_after: int | None = None
    port: int = 0

    def add(self, octets: bytes) -> None:
        uid = max(self.messages, default=0) + 1
        self.messages[uid], self.flags[uid] = octets, set()

    def renumber(self) -> None:
        """What a restored server does: other numbers for the same messages, flags kept."""
        self.validity += 1
        self.messages = {uid + 100: octets for uid, octets in self.messages.items()}
        self.flags = {uid + 100: flags for uid, flags in self.flags.items()}


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._converse()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def _converse(self) -> None:
        self._say("* OK ready")
        for line in self.rfile:
            tag, _, rest = line.decode().strip().partition(" ")
            command, _, arguments = rest.partition(" ")
            if command.upper() == "UID":
                command, _, arguments = arguments.partition(" ")
            self._answer(command.upper(), arguments, self.server.box)  # type: ignore[attr-defined]
            self._say(f"{tag} OK {command} done")
            if command.upper() == "LOGOUT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def _answer(self, command: str, arguments: str, box: Box) -> None:
        if command == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1 MOVE UIDPLUS")
        elif command == "SELECT":
            self._say(f"* {len(box.messages)} EXISTS")
            self._say(f"* OK [UIDVALIDITY {box.validity}] as it is")
            invented = " \\*" if box.keywords else ""
            self._say(f"* OK [PERMANENTFLAGS (\\Seen \\Deleted{invented})] may be set")
        elif command == "SEARCH":
            mark = "PaperRoundTaken" if "KEYWORD" in arguments else "\\Seen"
            self._say("* SEARCH " + " ".join(str(uid) for uid, flags in box.flags.items() if mark not in flags))
        elif command == "FETCH":
            uid = int(arguments.split()[0])
            octets = box.messages[uid]
            if box.cut_after is not None:
                box.cut_after -= 1
                if box.cut_after < 0:
                    self.wfile.write(b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%s" % (uid, len(octets), octets[:20]))
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
            self.wfile.write(b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (uid, len(octets), octets))
        elif command == "STORE":
            box.flags[int(arguments.split()[0])] |= set(re.findall(r"\\?\w+", arguments.partition("(")[2]))
        elif command == "MOVE":
            uid = int(arguments.split()[0])
            box.moved.append(box.messages.pop(uid))
            del box.flags[uid]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serving(box: Box) -> Iterator[Box]:
    """The box behind 127.0.0.1:`box.port`."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.box = box  # type: ignore[attr-defined]
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
