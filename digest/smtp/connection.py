"""A session with a socket under it: non-blocking, with TLS where the relay asks for it, and a deadline for every wait."""

import contextlib
import errno
import itertools
import os
import select
import socket
import ssl
from collections.abc import Callable

from digest.smtp.letters import Letter
from digest.smtp.relay import Relay
from digest.smtp.session import Event, Secure, Session
from digest.smtp.stages import Stage, Timeouts

_CHUNK = 65536
# What one sendmsg takes (IOV_MAX is 1024 on Linux; a session never has that much to say).
_BUFFERS = 64


class _Tls:
    """TLS between memory buffers, so that the socket only ever carries octets."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.established = False

    def handshake(self) -> bool:
        """Go as far as the octets at hand allow: whether that was all. Raises ssl.SSLError when the two sides cannot agree."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._object.do_handshake()
            self.established = True
        return self.established

    def feed(self, octets: bytes) -> None:
        if octets:
            self._incoming.write(octets)
        else:
            self._incoming.write_eof()

    def read(self) -> bytes:
        """What has arrived, decrypted."""
        parts = []
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while part := self._object.read(_CHUNK):
                parts.append(part)
        return b"".join(parts)

    def write(self, octets: bytes) -> None:
        self._object.write(octets)

    def outgoing(self) -> bytes:
        return self._outgoing.read()


class Connection:
    """One connection to the relay. Feed it readiness, take events; it never blocks after the name has been resolved.

    `clock` gives seconds that only grow. A connection that breaks says so by a Broken event and is `closed` from then on.
    """

    def __init__(self, relay: Relay, hostname: str, timeouts: Timeouts, clock: Callable[[], float]) -> None:
        self.session = Session(relay, hostname, secure=relay.security == "tls")
        self.closed = False
        # Whether `fileno` or `interest` may be others than they were; whoever watches takes note and sets it to False.
        self.changed = True
        # Which of its sockets in turn this is: a new one often gets the descriptor of the last.
        self.serial = 0
        self._relay = relay
        self._timeouts = timeouts
        self._clock = clock
        self._progress = clock()
        self._socket: socket.socket | None = None
        self._connected = False
        self._addresses: list[tuple[int, tuple[str, int]]] = []
        self._tls: _Tls | None = None
        self._unsent: list[bytes | memoryview] = []
        # Octets given to the socket's queue, octets it has taken, and where among them the last final dot ends.
        self._queued = self._sent = self._dot_at = 0

    def fileno(self) -> int:
        return self._socket.fileno() if self._socket else -1

    @property
    def interest(self) -> int:
        """What to wait for: an event mask of epoll."""
        if not self._connected:
            return select.EPOLLOUT
        return select.EPOLLIN | select.EPOLLOUT if self._unsent else select.EPOLLIN

    @property
    def deadline(self) -> float | None:
        """When the wait under way has lasted too long, by the clock; None while nothing is owed to us."""
        if not self._connected:
            return self._progress + self._timeouts.connect
        if self._unsent:
            return self._progress + self._timeouts.block
        if self._tls and not self._tls.established:
            return self._progress + self._timeouts.command
        waits = {
            Stage.CONNECT: self._timeouts.greeting,
            Stage.MAIL: self._timeouts.command,
            Stage.DATA: self._timeouts.data,
            Stage.DOT: self._timeouts.dot,
        }
        stage = self.session.awaited_stage
        return None if stage is None else self._progress + waits[stage]

    # What the caller does

    def open(self) -> list[Event]:
        """Resolve the relay's name and begin to connect."""
        try:
            found = socket.getaddrinfo(self._relay.host, self._relay.port, type=socket.SOCK_STREAM)
        except OSError as error:
            return self._fail(f"the relay's name {self._relay.host} was not found: {error.strerror}")
        self._addresses = [(family, address[:2]) for family, _, _, _, address in found]  # type: ignore[misc]
        return self._connect("no address")

    def offer(self, letter: Letter) -> list[Event]:
        self.session.offer(letter)
        return self.flush()

    def seal(self, letter: Letter, following: Letter | None = None) -> list[Event]:
        self.session.seal(letter)
        if self._tls is None:
            self._dot_at = self._queued + sum(map(len, self.session.outgoing))
            self.session.dot_held_back = True
        if following is not None and self.session.free:
            self.session.offer(following)
        return self.flush()

    def handle(self, mask: int) -> list[Event]:
        """Do what the socket is ready for; what is wrong with it shows when it is read."""
        if self.closed:
            return []
        if not self._connected:
            return self._finish_connecting()
        events = self._read() if mask & ~select.EPOLLOUT else []
        if mask & select.EPOLLOUT:
            events = events + self.flush()
            self.changed = True
        return events

    def expire(self) -> list[Event]:
        """Break the connection because a wait has lasted too long."""
        if not self._connected and self._addresses:
            return self._connect("no answer in time")
        awaited = self.session.awaited or "a connection"
        return self._fail(f"no answer to {awaited} in time")

    def drop(self, why: str) -> list[Event]:
        """Close at once, without a goodbye: whatever has no final dot stays with us."""
        return self._fail(why)

    def bid_farewell(self) -> None:
        """Say QUIT if nothing is on the way, and close without waiting for the answer."""
        if not self.closed and self.session.idle:
            self.session.quit()
            self.flush()
        self.close()

    def close(self) -> None:
        self.closed = self.changed = True
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def flush(self) -> list[Event]:
        """Write what there is to write, as far as the socket takes it."""
        if self.closed or not self._connected or self._socket is None:
            return []
        try:
            return self._write(self._socket)
        except (OSError, ssl.SSLError) as error:
            return self._fail(f"the connection broke: {_words(error)}")

    # How it is done

    def _connect(self, why: str) -> list[Event]:
        """Begin with the next address of the relay, or fail with `why`."""
        while self._addresses:
            family, address = self._addresses.pop(0)
            if self._socket is not None:
                self._socket.close()
            self._socket = socket.socket(family, socket.SOCK_STREAM)
            self.changed = True
            self.serial += 1
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._progress = self._clock()
            try:
                self._socket.connect(address)
            except BlockingIOError:
                return []
            except OSError as error:
                why = _words(error)
                continue
            return self._connected_now()
        return self._fail(f"the relay {self._relay} could not be reached: {why}")

    def _finish_connecting(self) -> list[Event]:
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if self._socket else errno.ENOTCONN
        return self._connect(os.strerror(code)) if code else self._connected_now()

    def _connected_now(self) -> list[Event]:
        self._connected = self.changed = True
        self._progress = self._clock()
        return self._begin_tls() if self._relay.security == "tls" else []

    def _begin_tls(self) -> list[Event]:
        try:
            self._tls = _Tls(self._relay.tls(), self._relay.host)
            self._tls.handshake()
        except (OSError, ssl.SSLError) as error:
            return self._fail(f"TLS with the relay {self._relay} cannot begin: {_words(error)}")
        return self.flush()

    def _read(self) -> list[Event]:
        if self._socket is None:
            return []
        try:
            octets = self._socket.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError as error:
            return self._fail(f"the connection broke: {_words(error)}")
        self._progress = self._clock()
        if self._tls is not None:
            return self._read_tls(self._tls, octets)
        return self._settle(self.session.receive(octets))

    def _read_tls(self, tls: _Tls, octets: bytes) -> list[Event]:
        events: list[Event] = []
        try:
            tls.feed(octets)
            if not tls.established:
                if not octets:
                    return self._fail("the relay closed the connection during the TLS handshake")
                if not tls.handshake():
                    return self.flush()
                if self._relay.security == "starttls":
                    events += self.session.secured()
            plain = tls.read()
        except ssl.SSLCertVerificationError as error:
            return self._fail(f"the certificate of the relay {self._relay} does not hold: {error.verify_message}", refused=True)
        except ssl.SSLError as error:
            return self._fail(f"TLS with the relay {self._relay} failed: {_words(error)}")
        if plain:
            events += self.session.receive(plain)
        return self._settle(events + (self.session.receive(b"") if not octets else []))

    def _settle(self, events: list[Event]) -> list[Event]:
        """Carry out what the session's events ask of the transport, and write what the session wants to say."""
        if self.session.over:
            self.close()
            return events
        if not self.session.ready and any(isinstance(event, Secure) for event in events):
            return [event for event in events if not isinstance(event, Secure)] + self._begin_tls()
        # TLS has things of its own to say: the end of the handshake, new keys.
        if self.session.outgoing or self._tls is not None:
            events = events + self.flush()
        return events

    def _write(self, channel: socket.socket) -> list[Event]:
        if self.session.outgoing and (self._tls is None or self._tls.established):
            said = self.session.outgoing
            if self._tls is None:
                self._unsent.extend(said)
                self._queued += sum(map(len, said))
            else:
                self._tls.write(b"".join(said))
            said.clear()
        if self._tls is not None and (sealed := self._tls.outgoing()):
            self._unsent.append(sealed)
            self._queued += len(sealed)
        while self._unsent:
            try:
                sent = channel.sendmsg(self._unsent[:_BUFFERS])
            except (BlockingIOError, InterruptedError):
                self.changed = True
                return []
            self._progress = self._clock()
            self._sent += sent
            if self._sent >= self._dot_at:
                self.session.dot_held_back = False
            if self._sent == self._queued:
                self._unsent.clear()
            else:
                self._unsent = _after(self._unsent, sent)
        return []

    def _fail(self, why: str, *, refused: bool = False) -> list[Event]:
        self.close()
        return [self.session.broke(why, refused=refused)]


def _after(buffers: list[bytes | memoryview], sent: int) -> list[bytes | memoryview]:
    """What remains of the buffers once `sent` octets are gone."""
    for index, buffer in enumerate(buffers):
        if sent < len(buffer):
            return [memoryview(buffer)[sent:], *itertools.islice(buffers, index + 1, None)]
        sent -= len(buffer)
    return []


def _words(error: Exception) -> str:
    """A few plain words for an error of the operating system or of TLS."""
    strerror = getattr(error, "strerror", None)
    return str(strerror or error) or type(error).__name__
