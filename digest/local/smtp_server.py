"""`python -m digest.local.smtp_server FD DIRECTORY`: an SMTP server on an inherited socket that keeps every message.

It stands where a relay stands in production. Messages are kept octet for octet in a Maildir, one file a recipient, below the
two lines that the last server on a message's way adds (Return-Path: RFC 5321, section 4.4).
"""

import asyncio
import mailbox
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

_LARGEST_MESSAGE = 25 * 1024 * 1024


class Keeper:
    """aiosmtpd's handler: takes everything for everyone."""

    def __init__(self, directory: Path) -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        self._maildir = mailbox.Maildir(directory, create=True)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            lines = f"Return-Path: <{envelope.mail_from or ''}>\r\nDelivered-To: {recipient}\r\n"
            self._maildir.add(lines.encode() + content)
        return "250 2.0.0 kept"


async def serve(listening: socket.socket, directory: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    keeper, loop, stop = Keeper(directory), asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(
            keeper,
            data_size_limit=_LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            hostname="inbox.localhost",
            ident="Paper Round's local inbox",
            loop=loop,
        ),
        sock=listening,
    )
    async with server:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])))
