"""Fetching: conditional, capped, and only where the public Internet is."""

import datetime as dt
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import brotli
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.sources import addresses
from digest.sources.fetch import Client, FetchFailed, Limits

NOW = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
PUBLIC = "93.184.216.34"
URL = "http://feeds.example.org/feed"
FEED = b"<rss><channel><title>A feed</title></channel></rss>"
SMALL = Limits(wire=20_000, inflated=100_000, seconds=3.0)


class Dialled:
    """Leads every checked address to a server of the test's, and remembers it."""

    def __init__(self, port: int) -> None:
        self.port, self.addresses = port, list[str]()

    def __call__(self, address: str, port: int) -> tuple[str, int]:
        self.addresses.append(address)
        return "127.0.0.1", self.port


def _resolved(host: str, port: int) -> list[str]:
    """Every example domain is public; numbers are what they are."""
    return [PUBLIC] if "example" in host else addresses.resolve(host, port)


@pytest.fixture
def client(httpserver: HTTPServer) -> Client:
    return Client("papers.example.org", resolver=_resolved, dial=Dialled(httpserver.port), limits=SMALL)


def test_an_answer_comes_with_what_makes_the_next_question_cheap(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data(
        FEED, headers={"ETag": '"v1"', "Last-Modified": "Fri, 13 Mar 2026 04:00:00 GMT"}
    )
    fetched = client.get(URL, NOW)
    assert (fetched.status, fetched.body, fetched.etag) == (200, FEED, '"v1"')
    assert fetched.last_modified == "Fri, 13 Mar 2026 04:00:00 GMT"
    assert fetched.moved_to == ""
    (request, _) = httpserver.log[0]
    assert request.headers["User-Agent"] == "PaperRound/1.0 (+papers.example.org)"
    assert request.headers["Host"] == "feeds.example.org"
    assert "Cookie" not in request.headers


def test_nothing_new_is_an_answer(client: Client, httpserver: HTTPServer) -> None:
    def unchanged(request: Request) -> Response:
        same = request.headers.get("If-None-Match") == '"v1"' and request.headers.get("If-Modified-Since") == "then"
        return Response(status=304 if same else 500)

    httpserver.expect_request("/feed").respond_with_handler(unchanged)
    assert client.get(URL, NOW, etag='"v1"', last_modified="then").status == 304


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(FEED, mtime=0)),
        ("deflate", zlib.compress(FEED)),
        ("deflate", zlib.compress(FEED, wbits=-15)),
        ("br", brotli.compress(FEED)),
        ("gzip, br", brotli.compress(gzip.compress(FEED, mtime=0))),
    ],
)
def test_compressed_answers_are_opened(client: Client, httpserver: HTTPServer, coding: str, packed: bytes) -> None:
    httpserver.expect_request("/feed").respond_with_data(packed, headers={"Content-Encoding": coding})
    assert client.get(URL, NOW).body == FEED


@pytest.mark.parametrize(
    ("coding", "packed", "why"),
    [
        ("gzip", gzip.compress(b"a" * 1_000_000, mtime=0), "it inflates to more than 100,000 octets"),
        ("br", brotli.compress(b"a" * 50_000_000), "it inflates to more than 100,000 octets"),
        ("gzip", gzip.compress(FEED, mtime=0)[:-10], "its compression ends too early"),
        ("br", brotli.compress(FEED)[:-3], "its compression ends too early"),
        ("gzip", FEED, "its compression is damaged"),
        ("br", b"\xff" * 50, "its compression is damaged"),
        ("zstd", FEED, "its content coding is 'zstd'"),
        ("gzip, gzip, gzip", FEED, "compressed more than twice"),
        ("", b"a" * 20_001, "it announces 20,001 octets; at most 20,000 are read"),
    ],
)
def test_bombs_and_damage_are_one_line(client: Client, httpserver: HTTPServer, coding: str, packed: bytes, why: str) -> None:
    httpserver.expect_request("/feed").respond_with_data(packed, headers={"Content-Encoding": coding} if coding else {})
    with pytest.raises(FetchFailed) as caught:
        client.get(URL, NOW)
    assert why in str(caught.value)


def test_permanent_redirects_are_told_apart_from_others(client: Client, httpserver: HTTPServer) -> None:
    def to(place: str, status: int) -> Response:
        return Response(status=status, headers={"Location": place})

    httpserver.expect_request("/feed").respond_with_response(to("http://b.example.org/moved", 301))
    httpserver.expect_request("/moved").respond_with_response(to("/today", 302))
    httpserver.expect_request("/today").respond_with_response(to("/final", 308))
    httpserver.expect_request("/final").respond_with_data(FEED)
    fetched = client.get(URL, NOW)
    assert fetched.url == "http://b.example.org/final"
    assert fetched.moved_to == "http://b.example.org/moved"


def test_a_loop_of_redirects_ends(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_response(Response(status=301, headers={"Location": "/feed"}))
    with pytest.raises(FetchFailed, match="redirects more than 5 times"):
        client.get(URL, NOW)
    assert len(httpserver.log) == 6


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("120", dt.timedelta(minutes=2)),
        ("Mon, 16 Mar 2026 07:00:00 GMT", dt.timedelta(hours=1)),
        ("Mon, 16 Mar 2020 07:00:00 GMT", dt.timedelta()),
        ("99999999", dt.timedelta(days=7)),
        ("soon", None),
    ],
)
def test_a_refusal_says_when_to_come_back(
    client: Client, httpserver: HTTPServer, said: str, asked: dt.timedelta | None
) -> None:
    httpserver.expect_request("/feed").respond_with_response(Response(status=429, headers={"Retry-After": said}))
    fetched = client.get(URL, NOW)
    assert (fetched.status, fetched.retry_after) == (429, asked)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "localhost.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.1.",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
        "0.0.0.0", "0",  # noqa: S104 - it is refused, not bound
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fd00::1]",
        "[fec0::1]", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "①②⑦.⓪.⓪.①", "user@127.0.0.1",
        "127.0.0.1%00.example.org", "[::1%25lo]",
    ],
)  # fmt: skip
def test_no_spelling_of_a_private_address_is_connected_to(httpserver: HTTPServer, host: str) -> None:
    dialled = Dialled(httpserver.port)
    client = Client(
        "papers.example.org", resolver=lambda name, port: addresses.resolve(name.lower(), port), dial=dialled, limits=SMALL
    )
    with pytest.raises(FetchFailed):
        client.get(f"http://{host}/feed", NOW)
    assert dialled.addresses == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://feeds.example.org/",
        "file:///etc/passwd",
        "//feeds.example.org/",
        "http://",
        "http://feeds.example.org:22/",
        "gopher://a",
    ],
)
def test_only_the_webs_ports_and_schemes_are_asked(client: Client, url: str) -> None:
    with pytest.raises(FetchFailed):
        client.get(url, NOW)


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1/", "http://[::1]:80/", "http://localhost/admin", "file:///etc/passwd", "http://a.example.org:8080/"],
)
def test_a_redirect_to_a_private_place_is_not_followed(client: Client, httpserver: HTTPServer, place: str) -> None:
    httpserver.expect_request("/feed").respond_with_response(Response(status=302, headers={"Location": place}))
    with pytest.raises(FetchFailed):
        client.get(URL, NOW)
    assert len(httpserver.log) == 1


def test_a_name_that_is_rebound_leads_nowhere_new(httpserver: HTTPServer) -> None:
    answers = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    dialled = Dialled(httpserver.port)
    client = Client("papers.example.org", resolver=lambda host, port: answers.pop(0), dial=dialled, limits=SMALL)
    httpserver.expect_request("/feed").respond_with_response(Response(status=302, headers={"Location": "/again"}))
    with pytest.raises(FetchFailed, match="not a public address"):
        client.get(URL, NOW)
    assert dialled.addresses == [PUBLIC]


def test_one_private_address_among_public_ones_is_enough_to_refuse(httpserver: HTTPServer) -> None:
    client = Client("papers.example.org", resolver=lambda host, port: [PUBLIC, "10.0.0.1"], dial=Dialled(httpserver.port))
    with pytest.raises(FetchFailed, match=r"10\.0\.0\.1, which is not a public address"):
        client.get(URL, NOW)


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """A server that answers one connection in whatever way the test says."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(answer: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                try:
                    answer(connection)
                except OSError:
                    return  # the client has hung up, as it should

        thread = threading.Thread(target=run)
        threads.append(thread)
        thread.start()
        port: int = listener.getsockname()[1]
        return port

    yield serve
    for listener in listeners:
        listener.close()
    for thread in threads:
        thread.join()


def _fails(port: int, limits: Limits) -> str:
    client = Client("papers.example.org", resolver=_resolved, dial=Dialled(port), limits=limits)
    with pytest.raises(FetchFailed) as caught:
        client.get(URL, NOW)
    return str(caught.value)


def test_an_endless_body_is_cut_off(raw_server: Callable[[Callable[[socket.socket], None]], int]) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a" * 10_000)

    assert _fails(raw_server(endless), SMALL) == "it has more than 20,000 octets"


def test_octets_that_drip_end_at_the_deadline(raw_server: Callable[[Callable[[socket.socket], None]], int]) -> None:
    stop = threading.Event()

    def dripping(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stop.wait(0.05):
            connection.sendall(b"a")

    begun = time.monotonic()
    said = _fails(raw_server(dripping), Limits(seconds=0.5))
    stop.set()
    assert said == "it took longer than 0 s" or said == "it took longer than 1 s"
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"",
    ],
)
def test_answers_that_lie_or_break_are_one_line(
    raw_server: Callable[[Callable[[socket.socket], None]], int], answer: bytes
) -> None:
    said = _fails(raw_server(lambda connection: connection.sendall(answer)), SMALL)
    assert said
    assert "\n" not in said
