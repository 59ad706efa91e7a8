"""The only network client: one conditional GET at a time, capped in size, time, hops, and in where it goes.

The transport connects to the address that was checked, so a name that resolves differently the second time gains nothing; it
does so anew for each connection, hence at each redirect.
"""

import datetime as dt
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpcore2
import httpx2

from digest.sources import addresses
from digest.sources.addresses import Resolver
from digest.sources.entries import ParseError
from digest.sources.inflate import inflated

ACCEPTED = "application/atom+xml, application/rss+xml, application/json;q=0.9, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
LONGEST_RETRY = dt.timedelta(days=7)


Turn = Callable[[str], AbstractContextManager[object]]
Dial = Callable[[str, int], tuple[str, int]]


def _as_checked(address: str, port: int) -> tuple[str, int]:
    return address, port


class FetchFailed(Exception):
    """No answer that could be used; the text is one line for people. `wire` octets had been read."""

    def __init__(self, why: str, wire: int = 0) -> None:
        super().__init__(why)
        self.wire = wire


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost, redirects included."""

    wire: int = 10_000_000
    inflated: int = 25_000_000
    redirects: int = 5
    seconds: float = 20.0
    ports: frozenset[int] = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `moved_to` is where permanent redirects alone led; `retry_after` what a refusal asked for."""

    status: int
    body: bytes
    wire: int
    url: str
    moved_to: str = ""
    etag: str = ""
    last_modified: str = ""
    retry_after: dt.timedelta | None = None


class _Stream(httpcore2.NetworkStream):
    """A stream whose every read and write ends at one common deadline, however slowly octets drip."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def _left(self, timeout: float | None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time for this fetch is over")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._left(timeout)), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.SyncBackend):
    """Resolves, checks, and connects to what it checked."""

    def __init__(self, resolver: Resolver, dial: Dial, ports: frozenset[int], deadline: float) -> None:
        self._resolver, self._dial, self._ports, self._deadline = resolver, dial, ports, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        if port not in self._ports:
            raise httpcore2.ConnectError(f"port {port} is none of the Web's")
        try:
            address = addresses.public_address(host, port, self._resolver, self._deadline - time.monotonic())
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except addresses.NotPublic as error:
            raise httpcore2.ConnectError(str(error)) from error
        left = max(self._deadline - time.monotonic(), 0.001)
        stream = super().connect_tcp(*self._dial(address, port), min(timeout or left, left), local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Octets(httpx2.SyncByteStream):
    def __init__(self, parts: Iterable[bytes], close: Callable[[], None]) -> None:
        self._parts, self._close = parts, close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        self._close()


class CheckedTransport(httpx2.BaseTransport):
    """A transport that reaches public addresses on the Web's ports only, and ends at a deadline (monotonic seconds)."""

    def __init__(self, resolver: Resolver, dial: Dial, ports: frozenset[int], deadline: float) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=1,
            network_backend=_Backend(resolver, dial, ports, deadline),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Octets(answer.iter_stream(), answer.close))

    def close(self) -> None:
        self._pool.close()


def _no_turn(host: str) -> AbstractContextManager[object]:
    return nullcontext()


class Client:
    """Fetches for one operator, named in the User-Agent so that whoever runs a source can write to them.

    `turn` waits for a host's turn (see `politeness`). Tests give `resolver`, `limits`, and `dial`, which says where to connect
    for an address that was checked.
    """

    def __init__(
        self,
        contact: str,
        *,
        turn: Turn = _no_turn,
        resolver: Resolver = addresses.resolve,
        dial: Dial = _as_checked,
        limits: Limits | None = None,
    ) -> None:
        self._agent = f"PaperRound/1.0 (+{contact})"
        self._turn, self._resolver, self._dial, self._limits = turn, resolver, dial, limits or Limits()

    def get(self, url: str, now: dt.datetime, *, etag: str = "", last_modified: str = "") -> Fetched:
        """One conditional GET, redirects followed. Any status that is an answer is returned; raises FetchFailed for none.

        `now` is what a Retry-After date is measured against. The time limit covers the fetch, not waiting for the host's turn.
        """
        headers = {"User-Agent": self._agent, "Accept": ACCEPTED, "Accept-Encoding": "gzip, deflate, br"}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        permanent, wire, spent = True, 0, 0.0
        moved_to = ""
        for _ in range(self._limits.redirects + 1):
            _check(url)
            with self._turn(urlsplit(url).hostname or ""):
                begun = time.monotonic()
                fetched, location = self._hop(url, headers, now, self._limits.seconds - spent, self._limits.wire - wire)
                spent += time.monotonic() - begun
            wire += fetched.wire
            if not location:
                return replace(fetched, wire=wire, moved_to=moved_to)
            permanent = permanent and fetched.status in {301, 308}
            url = urljoin(url, location)
            moved_to = url if permanent else moved_to
        raise FetchFailed(f"it redirects more than {self._limits.redirects} times", wire)

    def _hop(self, url: str, headers: dict[str, str], now: dt.datetime, seconds: float, wire: int) -> tuple[Fetched, str]:
        """One request; returns the answer, and where it redirects to if it does."""
        if seconds <= 0:
            raise FetchFailed(f"it took longer than {self._limits.seconds:.0f} s")
        transport = CheckedTransport(self._resolver, self._dial, self._limits.ports, time.monotonic() + seconds)
        with _explained(self._limits), httpx2.Client(transport=transport, trust_env=False, timeout=seconds) as client:
            # Cookies and credentials are never sent: each hop has a client of its own.
            with client.stream("GET", url, headers=headers) as answer:
                location = answer.headers.get("location", "") if answer.status_code in {301, 302, 303, 307, 308} else ""
                raw = b"" if location or answer.status_code == 304 else self._octets(answer, wire)
            body = raw
            if answer.status_code == 200:
                try:
                    body = inflated(raw, answer.headers.get("content-encoding", ""), self._limits.inflated)
                except ParseError as error:
                    raise FetchFailed(str(error), len(raw)) from error
            return (
                Fetched(
                    status=answer.status_code,
                    body=body,
                    wire=len(raw),
                    url=url,
                    etag=answer.headers.get("etag", "")[:500],
                    last_modified=answer.headers.get("last-modified", "")[:100],
                    retry_after=_retry_after(answer.headers.get("retry-after", ""), now),
                ),
                location,
            )

    def _octets(self, answer: httpx2.Response, most: int) -> bytes:
        declared = answer.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            raise FetchFailed(f"it announces {int(declared):,} octets; at most {self._limits.wire:,} are read")
        read = bytearray()
        for part in answer.iter_raw():
            read += part
            if len(read) > most:
                raise FetchFailed(f"it has more than {self._limits.wire:,} octets", len(read))
        return bytes(read)


def _check(url: str) -> None:
    """Refuse what is not a plain Web address before anything is resolved."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise FetchFailed(f"its address cannot be read: {error}") from error
    if parts.scheme not in {"http", "https"}:
        raise FetchFailed(f"its address is neither http nor https but {parts.scheme[:20] or 'nothing'}")
    if not host:
        raise FetchFailed("its address names no host")
    if parts.username is not None:
        raise FetchFailed("its address carries a user name")


def _retry_after(text: str, now: dt.datetime) -> dt.timedelta | None:
    """RFC 9110, 10.2.3: seconds or a date; never negative, at most a week."""
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return min(dt.timedelta(seconds=int(text)), LONGEST_RETRY)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return min(max(at - now, dt.timedelta()), LONGEST_RETRY)


@contextmanager
def _explained(limits: Limits) -> Iterator[None]:
    """What went wrong on the network, in one line."""
    try:
        yield
    except (httpcore2.TimeoutException, httpx2.TimeoutException, TimeoutError) as error:
        raise FetchFailed(f"it took longer than {limits.seconds:.0f} s") from error
    except (httpcore2.ConnectError, httpx2.ConnectError) as error:
        raise FetchFailed(f"no connection: {error}"[:300]) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise FetchFailed(f"the connection broke: {' '.join(str(error).split()) or type(error).__name__}"[:300]) from error
    except httpx2.StreamError as error:
        raise FetchFailed(f"the answer could not be read: {error}"[:300]) from error
