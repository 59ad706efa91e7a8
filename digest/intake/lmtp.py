"""An LMTP server (RFC 2033) for the mail server beside us, which hands over what comes back and hears whether we have it."""

import asyncio
import datetime as dt
import logging
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import Error, close_old_connections, connections

from digest.intake.taking import LARGEST, take, welcome

log = logging.getLogger(__name__)
# aiosmtpd writes every command down, and with it addresses, which our logs never hold.
logging.getLogger("mail.log").setLevel(logging.WARNING)

Clock = Callable[[], dt.datetime]


class Unclear(ValueError):
    """The place to listen at cannot be understood; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens: a path, or a loopback address."""

    path: Path | None = None
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> "Place":
        """`unix:/run/paper-round/lmtp` or `127.0.0.1:8024`. Raises Unclear for what strangers can reach: it asks nobody."""
        if text.startswith("unix:/"):
            return cls(path=Path(text.removeprefix("unix:")))
        host, _, port = text.rpartition(":")
        if host.strip("[]") not in {"127.0.0.1", "::1"} or not port.isdecimal() or int(port) > 65535:
            raise Unclear(f"{text!r} is neither unix:/PATH nor 127.0.0.1:PORT; for example unix:/run/paper-round/lmtp")
        return cls(host=host.strip("[]"), port=int(port))


@dataclass(slots=True)
class Handler:
    """aiosmtpd's hooks. The database is asked in a thread of its own, one message at a time."""

    clock: Clock
    worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not welcome(address):
            return "550 5.1.1 no such address here"
        if envelope.rcpt_tos:
            # One reply follows the message, so it speaks for one recipient; the others are brought next (RFC 5321, 4.5.3.1.10).
            return "452 4.5.3 one recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        return await asyncio.get_running_loop().run_in_executor(self.worker, self._take, content, envelope.rcpt_tos[0])

    def _take(self, content: bytes, recipient: str) -> str:
        close_old_connections()
        try:
            taken = take(content, self.clock(), recipient)
        except (Error, OSError) as error:
            log.warning("a message that came back could not be taken: %s", error)
            return "451 4.3.0 it could not be taken now, try again later"
        finally:
            connections.close_all()
        log.info("took what came back: %s, %s", taken.kind, taken.done)
        return f"250 2.0.0 {taken.kind}"


_STOPS = (signal.SIGTERM, signal.SIGINT)


async def serve(place: Place, clock: Clock, ready: Callable[[], None], signals: Iterable[signal.Signals] = _STOPS) -> None:
    """Take messages until one of the signals, or until the task is cancelled. `ready` is called once connections are taken."""
    loop = asyncio.get_running_loop()
    handler = Handler(clock)

    def session() -> LMTP:
        return LMTP(
            handler, data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname="localhost", ident="Paper Round", loop=loop
        )

    if place.path is not None:
        place.path.unlink(missing_ok=True)
        server = await loop.create_unix_server(session, place.path)
    else:
        server = await loop.create_server(session, place.host, place.port)
    stopped = asyncio.Event()
    for each in signals:
        loop.add_signal_handler(each, stopped.set)
    try:
        async with server:
            ready()
            await stopped.wait()
    finally:
        handler.worker.shutdown(wait=True)
        if place.path is not None:
            place.path.unlink(missing_ok=True)
