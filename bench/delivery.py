"""The whole way from the ledger to the wire, side by side with smtp-source, Django's own loop and django-newsletter.

    python bench/delivery.py                                  2,000 messages a side, five rounds
    python bench/delivery.py --messages 40000 --rounds 5      the run that counts
    python bench/delivery.py --scale 10000 100000             one run for each number of recipients: time, memory

It starts a PostgreSQL of its own (durable: commits reach the disk), fills it with issues of twelve papers, some 40 KB a
message, and lets the sides alternate: smtp-source into a sink, then one and two workers of ours into fresh sinks of its kind;
so many loops of Django's beside as many workers; django-newsletter beside one. A ratio is the median of the rounds' ratios of
messages per second, and `spread` its least and greatest. "Sign" means link tokens; what DKIM would add is reported apart. Exits
with 1 when acknowledgements, ledger and sink do not agree. Sender CPU leaves out PostgreSQL and the sinks.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.agreement import Disagreement, agree
from bench.postfix import Postfix
from bench.surroundings import HOME, database
from digest.local.servers import Postgres


def _line_of(process: "subprocess.Popen[str]") -> str:
    """The next line that a process prints."""
    return process.stdout.readline() if process.stdout else ""


class CheapSink:
    """bench.sink in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "bench.sink"], stdout=subprocess.PIPE, text=True)
        self.port = int(_line_of(self._process))
        self.recipients = 0

    def close(self) -> None:
        if self._process.poll() is None:
            self.counted()

    def counted(self) -> int:
        """Stop it; how many messages it took."""
        self._process.send_signal(signal.SIGTERM)
        output, _ = self._process.communicate(timeout=30)
        counts = json.loads(output)
        self.recipients = int(counts["recipients"])
        return int(counts["messages"])


class PostfixSink:
    """smtp-sink in a process of its own."""

    def __init__(self, postfix: Postfix) -> None:
        self._counters = HOME / "smtp-sink.counters"
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
    senders = [("bench.sender", way, f"smtp://127.0.0.1:{port}", n * share, share) for n in range(workers)]
    return together(senders)


def together(commands: Sequence[tuple[object, ...]]) -> list[dict[str, Any]]:
    """Start these modules with their arguments, let them go at once, and return what each says it used."""
    started = [
        subprocess.Popen([sys.executable, "-m", *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for command in commands
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
    agree(way, messages, acknowledged, recorded, took, sink.recipients if isinstance(sink, CheapSink) else None)
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


Sink = CheapSink | PostfixSink


def compare(postgres: Postgres, messages: int, slow_messages: int, rounds: int) -> dict[str, Any]:
    """The sides in turn, `rounds` times."""
    postfix = Postfix.unpack(HOME)
    sinks: dict[str, Callable[[], Sink]] = {"smtp_source": lambda: PostfixSink(postfix), "cheap_sink": CheapSink}
    ratios: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    used: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    size = measure("ours", CheapSink(), messages)["size"]

    def beside(name: str, theirs: float, ours: float) -> None:
        ratios.setdefault(name, []).append(ours / theirs)
        rates.setdefault(f"{name}: theirs", []).append(theirs)
        rates.setdefault(f"{name}: ours", []).append(ours)

    for _ in range(rounds):
        for name, sink in sinks.items():
            with closing(sink()) as running:
                theirs = messages / postfix.source(running.port, messages, size)
            for workers in (1, 2):
                ours = measure("ours", sink(), messages, workers)
                used[workers].append(ours)
                beside(name if workers == 1 else f"{name}_two_workers", theirs, ours["rate"])
        for workers in (1, 2):
            loops = _django(slow_messages, workers)
            ours = measure("ours", CheapSink(), messages, workers)
            used[workers].append(ours)
            beside(f"django_{workers}", loops, ours["rate"])
        theirs = _newsletter(postgres, slow_messages, size)
        beside("newsletter", theirs, measure("ours", CheapSink(), messages)["rate"])
    return {
        "ratio": {name: statistics.median(values) for name, values in ratios.items()},
        "spread": {name: median(values) for name, values in ratios.items()},
        "rates": {name: statistics.median(values) for name, values in rates.items()},
        "sender_cpu_us": statistics.median(each["cpu_us"] for each in used[1]),
        "cpu_s_per_1000": {f"workers_{workers}": _parts(runs) for workers, runs in used.items()},
        "dkim_us": _dkim(),
        "message_octets": size,
        "messages": messages,
        "rounds": rounds,
    }


def _parts(runs: list[dict[str, Any]]) -> dict[str, float]:
    """CPU seconds per thousand messages, by part."""
    return {part: statistics.median(run["parts_us"][part] for run in runs) / 1000 for part in runs[0]["parts_us"]}


def _dkim(times: int = 100) -> dict[str, float]:
    """What a DKIM signature would add to a message, in microseconds of CPU, by the kind of key."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    from bench import mailing
    from digest.delivery import composing
    from digest.messages import dkim
    from digest.models import Delivery

    (message,) = composing.messages_for(list(Delivery.objects.all()[:1]), mailing.NOW).values()
    keys: dict[str, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey] = {
        "rsa_2048": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
    }
    took = {}
    for name, key in keys.items():
        signers = (dkim.Signer("papers.example.org", "bench", key),)
        start = time.process_time()
        for _ in range(times):
            dkim.signed(message.content, signers)
        took[name] = (time.process_time() - start) / times * 1e6
    return took


def _newsletter(postgres: Postgres, messages: int, size: int) -> float:
    """Messages per second of django-newsletter."""
    postgres.create("newsletter")
    with closing(CheapSink()) as sink:
        (said,) = together([("bench.newsletter", sink.port, postgres.url("newsletter"), messages, size)])
        took = sink.counted()
    if not said["sent"] == took == messages:
        raise Disagreement(f"newsletter: {said['sent']} of {messages} sent, {took} in the sink")
    return messages / float(said["seconds"])


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
            figures = {name: run[name] for name in ("rate", "cpu_us", "memory_mb")}
            runs.append({"recipients": size, "workers": workers, **figures, "cpu_s_per_1000": _parts([run])})
    return runs


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--slow-messages", type=int, default=200, help="messages a round for each loop of the slow sides")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=int, nargs="+", metavar="RECIPIENTS")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, Any]
    with database() as postgres:
        from bench import mailing

        start = time.perf_counter()
        if options.scale:
            result = {"scale": scale(options.scale)}
        else:
            mailing.prepare(options.messages)
            result = compare(postgres, options.messages, options.slow_messages, options.rounds)
        result["seconds"] = time.perf_counter() - start
    if options.json:
        print(json.dumps(result))
    else:
        print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
