"""The site against the least that Django can answer: `python -m bench.web [--rounds 7] [--seconds 2] [--papers 64] [--json]`.

Four things are asked for over the same connections, one after the other in every round and in an order that turns: a bare
Django view that says hello (`bench.hello`, no middleware), the first page as it is kept in memory, and a sign-up, each with an
address of its own, that PostgreSQL and Valkey take before it is answered; and the same with PROOF_OF_WORK=near, which asks
Valkey once more how near the limits are. All run under granian with one worker and as many
blocking threads. What counts is the median over the rounds of the ratios within a round; the site's CPU seconds per request are
reported beside the rates. Any answer that is not 2xx, and a ratio below its bound, ends it with status 1.
"""

import argparse
import json
import selectors
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from bench.site import Web, servers, web

BOUNDS = {"home": 0.6, "sign-up": 0.1}
NEAR = "sign-up, proof of work near"
CONNECTIONS = 8
_READ = 1 << 18


@dataclass
class Measured:
    """Requests a second and the server's CPU microseconds for each, a number a round."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)


class _Connection:
    """One connection kept open: sends a request, and knows when its answer is whole."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def send(self, request: bytes) -> None:
        self._received = b""
        self.socket.sendall(request)

    def status(self) -> int | None:
        """The status of the answer once all of it is here."""
        octets = self.socket.recv(_READ)
        if not octets:
            raise ConnectionError("the server hung up")
        self._received += octets
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        _, _, length = head.lower().partition(b"content-length:")
        # Without a length granian sends chunks, of which the last is empty (RFC 9112, 7.1).
        whole = len(body) >= int(length.split(b"\r\n", 1)[0]) if length else body.endswith(b"0\r\n\r\n")
        return int(head[9:12]) if whole else None


def ask(port: int, requests: Iterator[bytes], seconds: float) -> tuple[int, float, dict[int, int]]:
    """Keep every connection busy for some seconds: (answers, seconds, how many of each status that is not 2xx)."""
    answered, refused = 0, dict[int, int]()
    with selectors.DefaultSelector() as selector:
        connections = [_Connection(port) for _ in range(CONNECTIONS)]
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        start = time.perf_counter()
        for connection in connections:
            connection.send(next(requests))
        while (now := time.perf_counter()) - start < seconds:
            for key, _ in selector.select(timeout=30):
                connection = key.data
                status = connection.status()
                if status is None:
                    continue
                answered += 1
                if not 200 <= status < 300:
                    refused[status] = refused.get(status, 0) + 1
                connection.send(next(requests))
        # What is under way is waited for, so that it takes nothing from whoever comes next.
        for connection in connections:
            while connection.status() is None:
                pass
            connection.socket.close()
    return answered, now - start, refused


def _get() -> Iterator[bytes]:
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n"
    while True:
        yield request


def _sign_ups(opened: str, who: str = "reader") -> Iterator[bytes]:
    for number in count():
        fields = {"address": f"{who}{number}@example.org", "topics": "koopman", "opened": opened}
        body = urlencode(fields).encode()
        head = (
            "POST /subscribe/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Sec-Fetch-Site: same-origin\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def _populate(papers: int) -> str:
    """Tables, topics and the saved page's papers, listed today; a token for the form."""
    import datetime as dt

    import django

    django.setup()
    from django.core.management import call_command

    from digest.models import Paper
    from subscriptions import tokens

    call_command("migrate", verbosity=0)
    call_command("load_seeds", quiet=True)
    today = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    call_command("ingest", "seeds/daily-papers-03-13.txt", "--date", today, "--json", stdout=sys.stderr)
    Paper.objects.exclude(pk__in=Paper.objects.order_by("pk")[:papers]).delete()
    return tokens.sign(tokens.Scope.FORM, int(time.time()) - 60)


def _round(name: str, server: Web, requests: Iterator[bytes], seconds: float, measured: Measured) -> None:
    before = server.cpu_seconds()
    answered, took, refused = ask(server.port, requests, seconds)
    measured.rates.append(answered / took)
    measured.cpu.append((server.cpu_seconds() - before) / max(answered, 1) * 1e6)
    for status, times in refused.items():
        measured.refused[status] = measured.refused.get(status, 0) + times


def report(measured: dict[str, Measured]) -> dict[str, object]:
    """Medians, and the median ratios to hello with their quartiles."""
    found: dict[str, object] = {}
    hello = measured["hello"]
    for name, each in measured.items():
        ratios = [rate / least for rate, least in zip(each.rates, hello.rates, strict=True)]
        quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
        found[name] = {
            "per_second": round(statistics.median(each.rates)),
            "cpu_us": round(statistics.median(each.cpu)),
            "ratio": round(statistics.median(ratios), 3),
            "quartiles": [round(quartiles[0], 3), round(quartiles[2], 3)],
            "cpu_ratio": round(statistics.median(hello.cpu) / statistics.median(each.cpu), 3),
            "not_2xx": each.refused,
        }
    return found


def measure(options: argparse.Namespace, opened: str) -> dict[str, object]:
    """All rounds."""
    measured = {name: Measured() for name in ("hello", *BOUNDS, NEAR)}
    with (
        web("bench.hello:application", options.threads) as bare,
        web(threads=options.threads) as site,
        web(threads=options.threads, PROOF_OF_WORK="near") as wary,
    ):
        sides: dict[str, Callable[[Measured], None]] = {}
        for name, server, requests in (
            ("hello", bare, _get()),
            ("home", site, _get()),
            ("sign-up", site, _sign_ups(opened)),
            (NEAR, wary, _sign_ups(opened, "wary")),
        ):
            ask(server.port, requests, 0.5)

            def once(kept: Measured, name: str = name, server: Web = server, requests: Iterator[bytes] = requests) -> None:
                _round(name, server, requests, options.seconds, kept)

            sides[name] = once
        names = list(sides)
        for turn in range(options.rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                sides[name](measured[name])
    found = report(measured)
    beside = [near / never for near, never in zip(measured[NEAR].rates, measured["sign-up"].rates, strict=True)]
    quartiles = statistics.quantiles(beside, n=4) if len(beside) > 1 else [beside[0]] * 3
    found[NEAR] |= {"beside_never": [round(each, 3) for each in quartiles]}  # type: ignore[operator]  # a dict of figures
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the site's first page and sign-up against a bare Django view.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each side in a round (2)")
    parser.add_argument("--threads", type=int, default=8, help="blocking threads of each server (8)")
    parser.add_argument("--papers", type=int, default=64, help="of the saved page, at most 64")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="paper-round-bench-"))
    try:
        with servers(home):
            found = measure(options, _populate(options.papers))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    wrong = [f"{name}: {each['not_2xx']} not 2xx" for name, each in found.items() if each["not_2xx"]]  # type: ignore[index]
    wrong += [f"{name}: below {least} of hello" for name, least in BOUNDS.items() if found[name]["ratio"] < least]  # type: ignore[index]
    if options.json:
        print(json.dumps({"rounds": options.rounds, "threads": options.threads, "sides": found, "wrong": wrong}))
    else:
        for name, each in found.items():
            print(name, each)
        print("\n".join(wrong) or "All answers were 2xx, and both bounds hold.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
