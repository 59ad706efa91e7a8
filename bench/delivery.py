"""The whole way from the ledger to the wire, side by side with smtp-source and with Django's own loop.

    python bench/delivery.py                                  2,000 messages a side, five rounds
    python bench/delivery.py --messages 40000 --rounds 5      the run that counts
    python bench/delivery.py --scale 10000 100000             one run for each number of recipients: time, memory

It starts a PostgreSQL of its own (durable: commits reach the disk), fills it with issues of twelve papers, some 40 KB a
message, and lets the sides alternate: smtp-source into a sink, then our workers into a fresh sink of its kind. The ratio is
the median of the rounds' ratios of messages per second, and `spread` its least and greatest. "Sign" means link tokens; DKIM is
the relay's. Exits with 1 when acknowledgements, ledger and sink do not agree. Sender CPU leaves out PostgreSQL and the sinks.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.postfix import Postfix
from digest.environment import VAR
from digest.local.servers import Postgres

_HOME = VAR / "bench"
_SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "digest.settings",
    "SECRET_KEY": "b" * 64,
    "TOKEN_KEYS": "b" * 64,
    "IDENTITY_KEY": "b" * 64,
    "SITE_URL": "https://papers.example.org",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "SMTP_URL": "smtp://127.0.0.1:9",
    "DIGEST_FROM": "Paper Round <digest@papers.example.org>",
    "NOTICE_FROM": "Paper Round <hello@papers.example.org>",
    "BOUNCE_ADDRESS": "bounces@papers.example.org",
    "POSTAL_ADDRESS": "1 Example Street, 75000 Paris",
    "LOG_LEVEL": "ERROR",
}


class Disagreement(SystemExit):
    """Acknowledgements, ledger and sink do not say the same."""


def _line_of(process: "subprocess.Popen[str]") -> str:
    """The next line that a process prints."""
    return process.stdout.readline() if process.stdout else ""


class CheapSink:
    """bench.sink in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "bench.sink"], stdout=subprocess.PIPE, text=True)
        self.port = int(_line_of(self._process))

    def close(self) -> None:
        if self._process.poll() is None:
            self.counted()

    def counted(self) -> int:
        """Stop it; how many messages it took."""
        self._process.send_signal(signal.SIGTERM)
        output, _ = self._process.communicate(timeout=30)
        return int(json.loads(output)["messages"])


class PostfixSink:
    """smtp-sink in a process of its own."""

    def __init__(self, postfix: Postfix) -> None:
        self._counters = _HOME / "smtp-sink.counters"
        self._process, self.port = postfix.sink(self._counters)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def counted(self) -> int:
        """Stop it; how many messages it took."""
        self.close()
        return int(self._counters.read_bytes().rpartition(b"mesg=")[2] or 0)


def send(way: str, port: int, messages: int, workers: int) -> list[dict[str, Any]]:
    """Start so many senders, let them go at once, and return what each says it used."""
    share = messages // workers
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.sender", way, f"smtp://127.0.0.1:{port}", str(number * share), str(share)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(workers)
    ]
    if any(_line_of(process) != "ready\n" for process in started):
        raise SystemExit("a sender did not start")
    for process in started:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    said = [process.communicate(timeout=1800)[0] for process in started]
    return [json.loads(each) for each in said]


def measure(way: str, sink: "CheapSink | PostfixSink", messages: int, workers: int = 1) -> dict[str, Any]:
    """One side of a round, checked: messages per second over all senders, and what they used."""
    from bench import mailing

    mailing.requeue()
    with closing(sink):
        said = send(way, sink.port, messages, workers)
        took = sink.counted()
    acknowledged, recorded = sum(each["sent"] for each in said), mailing.accepted()
    if not acknowledged == recorded == took == messages:
        raise Disagreement(f"{way}: {acknowledged} acknowledged, {recorded} in the ledger, {took} in the sink, of {messages}")
    parts: dict[str, float] = {}
    for each in said:
        for part, seconds in each["parts"].items():
            parts[part] = parts.get(part, 0.0) + seconds
    return {
        "rate": messages / max(each["seconds"] for each in said),
        "cpu_us": sum(each["cpu"] for each in said) / messages * 1e6,
        "parts_us": {part: seconds / messages * 1e6 for part, seconds in parts.items()},
        "memory_mb": max(each["memory"] for each in said),
        "size": said[0]["size"],
    }


def median(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values)}


def compare(postfix: Postfix, messages: int, django_messages: int, rounds: int) -> dict[str, Any]:
    """The sides in turn, `rounds` times."""
    ratios: dict[str, list[float]] = {name: [] for name in ("smtp_source", "cheap_sink", "django_1", "django_2")}
    cpu: list[float] = []
    parts: list[dict[str, float]] = []
    size = 43_000
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, kind in (("smtp_source", "postfix"), ("cheap_sink", "cheap")):
            sink: CheapSink | PostfixSink = PostfixSink(postfix) if kind == "postfix" else CheapSink()
            with closing(sink):
                theirs = messages / postfix.source(sink.port, messages, size)
            sink = PostfixSink(postfix) if kind == "postfix" else CheapSink()
            ours = measure("ours", sink, messages)
            size = ours["size"]
            ratios[name].append(ours["rate"] / theirs)
            rates.setdefault(f"source into {kind} sink", []).append(theirs)
            rates.setdefault(f"ours into {kind} sink", []).append(ours["rate"])
            cpu.append(ours["cpu_us"])
            parts.append(ours["parts_us"])
        for workers in (1, 2):
            ours = measure("ours", CheapSink(), messages, workers)
            loop = _django(django_messages, workers)
            ratios[f"django_{workers}"].append(ours["rate"] / loop)
            rates.setdefault(f"ours, {workers} workers", []).append(ours["rate"])
            rates.setdefault(f"django, {workers} loops", []).append(loop)
    return {
        "ratio": {name: statistics.median(values) for name, values in ratios.items()},
        "spread": {name: median(values) for name, values in ratios.items()},
        "rates": {name: statistics.median(values) for name, values in rates.items()},
        "sender_cpu_us": statistics.median(cpu),
        "cpu_s_per_1000": {name: statistics.median(each[name] for each in parts) / 1000 for name in parts[0]},
        "message_octets": size,
        "messages": messages,
        "rounds": rounds,
    }


def _django(messages: int, workers: int) -> float:
    """Messages per second of so many of Django's loops."""
    from bench import mailing

    mailing.requeue()
    with closing(CheapSink()) as sink:
        said = send("django", sink.port, messages, workers)
        took = sink.counted()
    if not sum(each["sent"] for each in said) == took == mailing.accepted():
        raise Disagreement(f"django: {said} acknowledged, {took} in the sink")
    return messages / max(float(each["seconds"]) for each in said)


def scale(sizes: list[int]) -> list[dict[str, Any]]:
    """One run of ours for each number of recipients and for one and two workers."""
    from bench import mailing

    runs = []
    for size in sizes:
        mailing.prepare(size)
        for workers in (1, 2):
            run = measure("ours", CheapSink(), size, workers)
            runs.append({"recipients": size, "workers": workers, **{k: run[k] for k in ("rate", "cpu_us", "memory_mb")}})
    return runs


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--django-messages", type=int, default=200, help="messages a round for Django's loop, which is slow")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=int, nargs="+", metavar="RECIPIENTS")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.update(_SETTINGS)
    postgres = Postgres(_HOME)
    postgres.start()
    try:
        postgres.create("bench")
        os.environ["DATABASE_URL"] = postgres.url("bench")
        import django

        django.setup()
        from django.core.management import call_command

        from bench import mailing

        call_command("migrate", verbosity=0)
        start = time.perf_counter()
        result: dict[str, Any]
        if options.scale:
            result = {"scale": scale(options.scale)}
        else:
            mailing.prepare(options.messages)
            result = compare(Postfix.unpack(_HOME), options.messages, options.django_messages, options.rounds)
        result["seconds"] = time.perf_counter() - start
    finally:
        postgres.stop()
    if options.json:
        print(json.dumps(result))
    else:
        print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
