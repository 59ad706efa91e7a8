"""Crash safety, shown: `python -m tests.chaos [--recipients 10000 --kills 200 --flushes 20 --database-kills 10 --seed N]`.

Real workers, a real PostgreSQL whose commits reach the disk, a real Valkey, and an SMTP server of ours that keeps every message
it got and misbehaves. Faults come at random, seeded times until their number is used up; then the rest is delivered in peace.
The report counts at the server, not in the ledger, and then compares the two. Exits with 1 when a promise is broken:

- nobody is lost: every recipient whom the server did not refuse for good has the whole message;
- nobody has it twice, except where the ledger says that an outcome was unknown;
- no more outcomes are unknown than connections were open at the faults.
"""

import argparse
import collections
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = Path(tempfile.mkdtemp(prefix="paper-round-chaos-"))
os.environ["PAPER_ROUND_VAR"] = str(HOME)
os.environ.update(
    DJANGO_SETTINGS_MODULE="digest.settings",
    SECRET_KEY="c" * 64,
    TOKEN_KEYS="c" * 64,
    IDENTITY_KEY="c" * 64,
    SITE_URL="https://papers.example.org",
    SMTP_URL="smtp://127.0.0.1:9",
    DIGEST_FROM="Paper Round <digest@papers.example.org>",
    NOTICE_FROM="Paper Round <hello@papers.example.org>",
    BOUNCE_ADDRESS="bounces@papers.example.org",
    POSTAL_ADDRESS="1 Example Street, 75000 Paris",
    LOG_LEVEL="CRITICAL",
)

from digest.local.servers import Postgres, Valkey  # noqa: E402 - the environment above must come first
from tests.delivery.relay import DROP, Relay  # noqa: E402

_STEPS = ("connect", "mail", "rcpt", "data", "body", "dot")
_PATIENCE_SECONDS = 240.0


class Trouble:
    """What the server does wrong: at `share` of its steps it drops the connection, defers, refuses for good or answers late."""

    def __init__(self, share: float, seed: int, late: float) -> None:
        self.share = share
        self.late = late
        self.refused: set[str] = set()
        self.happened: collections.Counter[str] = collections.Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def __call__(self, step: str, recipient: str) -> str | None:
        with self._lock:
            if recipient in self.refused and step == "rcpt":
                return "550 5.2.1 mailbox disabled"
            if step not in _STEPS or self._random.random() > self.share / len(_STEPS):
                return None
            kind = self._random.choices(["drop", "later", "never", "slowly"], [6, 3, 1, 1])[0]
            if kind == "never":
                kind = "never" if step == "rcpt" else "drop"
            if step == "body":
                kind = "drop"
            self.happened[f"{kind} at {step}"] += 1
            if kind == "never":
                self.refused.add(recipient)
        if kind == "slowly":
            time.sleep(self.late)
            return None
        return {"drop": DROP, "later": "451 4.3.0 try again later", "never": "550 5.2.1 mailbox disabled"}[kind]


class Chaos:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.random = random.Random(options.seed)
        self.postgres, self.valkey = Postgres(HOME), Valkey(HOME)
        self.trouble = Trouble(options.faults, options.seed, late=options.lease * 1.5)
        self.relay = Relay(script=self.trouble).start()
        self.workers: list[int] = []
        self.happened: collections.Counter[str] = collections.Counter()

    def run(self) -> dict[str, Any]:
        self.postgres.start()
        self.postgres.create("chaos")
        self.valkey.start()
        os.environ.update(DATABASE_URL=self.postgres.url("chaos"), REDIS_URL=self.valkey.url)
        import django

        django.setup()
        from django.core.management import call_command

        from bench import mailing

        call_command("migrate", verbosity=0)
        mailing.prepare(self.options.recipients, papers=40, seed=self.options.seed)
        self._poison()
        start = time.monotonic()
        self.nursery = self._nursery(mailing.NOW.timestamp())
        try:
            for _ in range(self.options.workers):
                self._spawn()
            self._disturb()
            self._settle()
        finally:
            for pid in self.workers:
                self._signal(pid, signal.SIGKILL)
            self.nursery.kill()
            self.nursery.wait()
        return self._report(time.monotonic() - start)

    def stop(self) -> None:
        from django.db import connections

        connections.close_all()
        self.relay.stop()
        self.valkey.stop()
        self.postgres.stop()
        shutil.rmtree(HOME, ignore_errors=True)

    # Workers

    def _nursery(self, start: float) -> "subprocess.Popen[str]":
        nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        told = {
            "relay": self.relay.url,
            "redis": self.valkey.url,
            "connections": self.options.connections,
            "lease": self.options.lease,
            "chunk": 100,
            "limit": 400,
            "rate": 2000.0,
            "start": start,
            "wall": time.time(),
            "log": str(HOME / "workers.log"),
        }
        assert nursery.stdin is not None
        nursery.stdin.write(json.dumps(told) + "\n")
        nursery.stdin.flush()
        return nursery

    def _spawn(self) -> None:
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write("spawn\n")
        self.nursery.stdin.flush()
        self.workers.append(int(self.nursery.stdout.readline()))

    def _signal(self, pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def _replace(self, number: int) -> None:
        """Signal a worker, and start another in its place."""
        pid = self.random.choice(self.workers)
        self._signal(pid, number)
        self.workers.remove(pid)
        self._spawn()

    # Faults

    def _disturb(self) -> None:
        """All faults, shuffled, at random times."""
        faults: list[tuple[str, Callable[[], None]]] = [
            *[("worker killed", lambda: self._replace(signal.SIGKILL))] * self.options.kills,
            *[("worker stopped beyond its lease", self._freeze)] * self.options.freezes,
            *[("deploy", lambda: self._replace(signal.SIGTERM))] * self.options.deploys,
            *[("Redis flushed", self._flush)] * self.options.flushes,
            *[("Redis restarted", self._restart_redis)] * (self.options.flushes // 4),
            *[("connections to the database terminated", self._terminate)] * self.options.database_kills,
            *[("database killed", self._kill_database)] * self.options.database_kills,
        ]
        self.random.shuffle(faults)
        for name, fault in faults:
            time.sleep(self.random.uniform(0.0, 2 * self.options.pause))
            fault()
            self.happened[name] += 1

    def _freeze(self) -> None:
        pid = self.random.choice(self.workers)
        self._signal(pid, signal.SIGSTOP)
        threading.Timer(self.options.lease * 1.5, self._signal, [pid, signal.SIGCONT]).start()

    def _flush(self) -> None:
        import redis

        with contextlib.suppress(redis.RedisError):
            redis.Redis.from_url(self.valkey.url).flushall()

    def _restart_redis(self) -> None:
        pid = int((HOME / "valkey" / "server.pid").read_text())
        self._signal(pid, signal.SIGKILL)
        self.valkey.start()

    def _terminate(self) -> None:
        self._ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def _kill_database(self) -> None:
        pid = int((HOME / "postgres" / "postmaster.pid").read_text().split()[0])
        self._signal(pid, signal.SIGKILL)
        self.postgres.start()

    def _ask(self, statement: str) -> list[Any]:
        import psycopg

        for _ in range(100):
            try:
                with psycopg.connect(self.postgres.url("chaos"), autocommit=True) as connection:
                    return connection.execute(statement.encode()).fetchall()
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise SystemExit("the database does not come back")

    def _poison(self) -> None:
        """One subscriber whose message cannot be made."""
        from digest.models import Issue

        issue = Issue.objects.order_by("pk").last()
        assert issue is not None
        Issue.objects.filter(pk=issue.pk).update(slate=[{"paper": "poison"}])

    # The end

    def _settle(self) -> None:
        """Peace: the server behaves, and an operator releases what is uncertain twice; wait until nothing is on its way."""
        from django.db import connection
        from django.utils import timezone

        from digest.delivery import levers
        from digest.models import Delivery

        self.trouble.share = 0.0
        connection.close()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            waiting = Delivery.objects.exclude(state__in=["accepted", "failed", "skipped"]).exclude(
                reason__startswith="the message could not be made"
            )
            if not waiting.exists():
                return
            held = Delivery.objects.filter(state=Delivery.State.UNCERTAIN, doubts__gt=1)
            if held.exists() and not waiting.exclude(pk__in=held).exists():
                self.happened["released by the operator"] += levers.release_uncertain(timezone.now().replace(year=2020))
            time.sleep(0.3)

    def _report(self, seconds: float) -> dict[str, Any]:
        from digest.models import Delivery

        rows = list(
            Delivery.objects.order_by("pk").values_list("subscriber__address", "state", "doubts", "reason", "message_id")
        )
        poisoned = {row[0] for row in rows if row[3].startswith(("the message could not be made", "gave up"))}
        got: dict[str, list[Any]] = collections.defaultdict(list)
        for taken in self.relay.taken:
            got[taken.recipient].append(taken)
        ledger = {address: (state, doubts, message_id) for address, state, doubts, _, message_id in rows}
        refused = self.trouble.refused
        lost = sorted(set(ledger) - set(got) - refused - poisoned)
        duplicates = {address: len(taken) for address, taken in got.items() if len(taken) > 1}
        unexplained = {address: number for address, number in duplicates.items() if ledger[address][1] < number - 1}
        torn = [
            address for address, taken in got.items() for each in taken
            if ledger[address][2].encode() not in each.content or not each.content.endswith(b"--\r\n")
        ]  # fmt: skip
        disagree = [
            address
            for address, (state, _, _) in ledger.items()
            if (state == "accepted") != (address in got) and not (state == "failed" and address in refused)
        ]
        doubts = sum(row[2] for row in rows)
        broken = sum(number for name, number in self.happened.items() if name != "released by the operator")
        dropped = sum(number for name, number in self.trouble.happened.items() if name.endswith("at dot"))
        return {
            "recipients": len(rows),
            "seconds": round(seconds, 1),
            "faults": dict(self.happened),
            "server": dict(self.trouble.happened),
            "states": dict(collections.Counter(row[1] for row in rows)),
            "messages at the server": len(self.relay.taken),
            "lost": lost,
            "duplicates": len(duplicates),
            "duplicates unexplained": unexplained,
            "torn messages": torn,
            "ledger and server disagree": disagree,
            "uncertain": doubts,
            "uncertain at most": broken * self.options.connections + dropped,
            "poisoned": sorted(poisoned),
            "seed": self.options.seed,
        }


def promises(report: dict[str, Any]) -> list[str]:
    """The promises that a run has broken."""
    broken = [
        name for name in ("lost", "duplicates unexplained", "torn messages", "ledger and server disagree") if report[name]
    ]
    if report["uncertain"] > report["uncertain at most"]:
        broken.append("uncertain")
    return broken


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--freezes", type=int, default=10)
    parser.add_argument("--deploys", type=int, default=10)
    parser.add_argument("--flushes", type=int, default=20)
    parser.add_argument("--database-kills", type=int, default=10)
    parser.add_argument("--faults", type=float, default=0.05, help="the share of messages at which the server misbehaves")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--lease", type=float, default=2.0, help="seconds")
    parser.add_argument("--pause", type=float, default=0.4, help="seconds between faults, on average")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chaos = Chaos(options)
    try:
        report = chaos.run()
    finally:
        chaos.stop()
    broken = promises(report)
    sys.stdout.write(json.dumps({**report, "broken promises": broken}, indent=2) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
