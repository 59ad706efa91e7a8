"""Crash safety, shown: `python -m tests.chaos [--recipients 10000 --kills 200 --flushes 20 --database-kills 10 --seed N]`.

Real workers and beats (`celery -A digest worker`, `celery -A digest beat`), a real PostgreSQL whose commits reach the disk, a
real Valkey, and an SMTP server of ours that journals what it got and misbehaves. Faults come at random, seeded times until
their number is used up; then the rest is delivered in peace. The report counts in the server's journal first, and then
compares the ledger with it. Exits with 1 when a promise is broken:

- nobody is lost: whoever was not refused for good and did not leave has the whole message;
- nobody has it twice, unless the ledger names an attempt whose outcome nobody knew;
- no more outcomes are unknown than connections were open at the faults;
- nothing leaves more than five seconds after an unsubscription was answered.
"""

import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from tests.chaos import reckoning, server
from tests.chaos.crew import ROOT, Crew

HOME = Path(tempfile.mkdtemp(prefix="paper-round-chaos-"))
os.environ.update(
    PAPER_ROUND_VAR=str(HOME),
    DJANGO_SETTINGS_MODULE="digest.settings",
    SECRET_KEY="c" * 64,
    TOKEN_KEYS="c" * 64,
    IDENTITY_KEY="c" * 64,
    SITE_URL="https://papers.example.org",
    DIGEST_FROM="Paper Round <digest@papers.example.org>",
    NOTICE_FROM="Paper Round <hello@papers.example.org>",
    BOUNCE_ADDRESS="bounces@papers.example.org",
    POSTAL_ADDRESS="1 Example Street, 75000 Paris",
    SMTP_HELLO="papers.example.org",
    LOG_LEVEL="WARNING",
    # A run that ends within minutes: what takes minutes in production takes seconds here.
    DELIVER_EVERY_SECONDS="1",
    RECOVER_EVERY_SECONDS="1",
    UNCERTAIN_SETTLE_SECONDS="1",
    VISIBILITY_TIMEOUT_SECONDS="2",
    SMTP_TIMEOUT_SECONDS="20",
)

from digest.local.servers import Postgres, Valkey  # noqa: E402 - the environment above must come first

_HOUR, _WEEK = 3600, 7 * 86400
_FIRST_SECONDS, _NEXT_SECONDS = 90.0, 8.0
_WAITING = (
    "SELECT count(*) FROM digest_delivery "
    "WHERE state NOT IN ('accepted', 'failed', 'skipped') AND reason NOT LIKE 'the message could not be made%'"
)
T = TypeVar("T")


class Chaos:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.chance = random.Random(options.seed)
        self.postgres, self.valkey = Postgres(HOME), Valkey(HOME)
        self.happened: collections.Counter[str] = collections.Counter()
        self.operator: collections.Counter[str] = collections.Counter()
        self.struck = 0
        self.left: dict[str, float] = {}
        self._operated = 0.0
        self._seen = 0

    def run(self) -> dict[str, Any]:
        self.postgres.start()
        self.postgres.create("chaos")
        self.valkey.start()
        late = self.options.lease * 1.5
        self.journal = HOME / "journal.jsonl"
        arguments = [str(self.journal), self.options.faults, self.options.slow, late, self.options.seed]
        self.relay = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.server", *map(str, arguments)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.relay.stdout is not None
        os.environ.update(
            DATABASE_URL=self.postgres.url("chaos"),
            REDIS_URL=self.valkey.url,
            SMTP_URL=f"smtp://127.0.0.1:{self.relay.stdout.readline().strip()}",
            SMTP_CONNECTIONS=str(self.options.connections),
            LEASE_SECONDS=str(self.options.lease),
        )
        self._prepare()
        start = time.monotonic()
        self.crew = Crew(HOME, os.environ, self.chance, self.options.workers, self.options.processes)
        try:
            self._disturb()
            disturbed = time.monotonic() - start
            waiting = self._waiting()
            self._settle()
        finally:
            self.crew.end()
        return {
            "seed": self.options.seed,
            "seconds": round(time.monotonic() - start),
            "seconds of faults": round(disturbed),
            "waiting when the faults ended": waiting,
            "faults": dict(sorted(self.happened.items())),
            "the operator": dict(sorted(self.operator.items())),
            **reckoning.reckon(self._evidence()),
        }

    def stop(self) -> None:
        """End every process that this run started."""
        from django.db import connections

        with suppress(Exception):
            connections.close_all()
        if hasattr(self, "relay"):
            self.relay.kill()
            self.relay.communicate()
        self.valkey.stop()
        self.postgres.stop()
        if self.options.keep:
            sys.stderr.write(f"kept: {HOME}\n")
        else:
            shutil.rmtree(HOME, ignore_errors=True)

    def _prepare(self) -> None:
        """Readers whose issues wait; one has a message that cannot be made, and one an address that this relay cannot take."""
        import django

        django.setup()
        from django.core.management import call_command
        from django.utils import timezone

        from bench import mailing
        from digest.models import Issue
        from subscriptions.models import Subscriber, Subscription

        call_command("migrate", verbosity=0)
        mailing.prepare(self.options.recipients, papers=40, seed=self.options.seed)
        now, week = timezone.now(), mailing._WEEK
        Issue.objects.update(due_at=now, window_start=now - week, window_end=now, published_at=now)
        Subscription.objects.update(next_issue_at=now + week)
        first, last = Issue.objects.order_by("pk").first(), Issue.objects.order_by("pk").last()
        assert first is not None
        assert last is not None
        Issue.objects.filter(pk=first.pk).update(slate=[{"paper": "poison"}], gist="{")
        Subscriber.objects.filter(pk=last.subscription.subscriber_id).update(address="zoë@49.example.org")

    # Faults

    def _disturb(self) -> None:
        """All faults, shuffled, at random times, while the operator stands by and readers leave."""
        options, crew, beyond = self.options, self.crew, self.options.lease * 1.5
        hosts = options.kills * 3 // 10
        jumps = [_HOUR, -_HOUR, _WEEK, -_WEEK]
        faults: list[tuple[str, Callable[[], int]]] = [
            *[("kill -9 of a worker's process", crew.kill_process)] * (options.kills - hosts),
            *[("kill -9 of a worker with all its processes", crew.kill_worker)] * hosts,
            *[("stopped beyond the lease, then continued", lambda: crew.stop_for(beyond))] * options.stops,
            *[("deploy (SIGTERM)", crew.deploy)] * options.deploys,
            *[("kill -9 of a beat", crew.kill_beat)] * options.deploys,
            *[(f"clock jumps by {by:+} s", lambda by=by: crew.jump(by, beyond)) for by in jumps * options.jumps],
            *[("Redis FLUSHALL", self._flush)] * options.flushes,
            *[("Redis kill -9 and restart", self._restart_redis)] * (options.flushes // 2),
            *[("PostgreSQL backends terminated", self._terminate)] * options.database_kills,
            *[("PostgreSQL kill -9 and restart", self._kill_database)] * options.database_kills,
            *[("a reader leaves", self._leave)] * options.leaving,
        ]
        self.chance.shuffle(faults)
        self._until_something_arrives(_FIRST_SECONDS)
        for name, fault in faults:
            if name != "a reader leaves":
                self._wait(self.chance.uniform(0.0, 2 * options.pause))
                self._until_something_arrives(_NEXT_SECONDS)
            self.struck += fault()
            self.happened[name] += 1

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.happened.update(self.crew.tend())
            self._operate()
            time.sleep(max(0.0, min(0.2, until - time.monotonic())))

    def _until_something_arrives(self, seconds: float) -> None:
        """A fault strikes while messages flow, however slow this machine is; after `seconds` it strikes all the same."""
        until = time.monotonic() + seconds
        while self.journal.stat().st_size == self._seen and time.monotonic() < until:
            self._wait(0.1)
        self._seen = self.journal.stat().st_size

    def _flush(self) -> int:
        import redis

        with suppress(redis.RedisError):
            redis.Redis.from_url(self.valkey.url).flushall()
        return 0

    def _restart_redis(self) -> int:
        self._kill(HOME / "valkey" / "server.pid")
        self.valkey.start()
        return 0

    def _terminate(self) -> int:
        self._insist(
            lambda: self._ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )
        return int(self.options.workers * self.options.processes)

    def _kill_database(self) -> int:
        self._kill(HOME / "postgres" / "postmaster.pid")
        self.postgres.start()
        return int(self.options.workers * self.options.processes)

    def _kill(self, pid_file: Path) -> None:
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

    def _leave(self) -> int:
        """A reader who has not left yet unsubscribes with the link of their message."""
        from django.utils import timezone

        from subscriptions import consent, tokens
        from subscriptions.models import Subscription

        def unsubscribe() -> str:
            subscription = Subscription.objects.filter(pk=chosen).select_related("subscriber").get()
            token = tokens.unsubscribe_path(subscription.pk).rstrip("/").rpartition("/")[2]
            consent.unsubscribe(token, timezone.now(), "one-click")
            return subscription.subscriber.address

        ((lowest, highest),) = self._insist(lambda: self._ask("SELECT min(id), max(id) FROM subscriptions_subscription"))
        chosen = self.chance.randrange(lowest + 1, highest)
        self.left.setdefault(self._insist(unsubscribe), time.time())
        return 0

    # The operator

    def _operate(self) -> None:
        """Once a second, what an operator does within the hour: lift brakes, hasten what is deferred, release what is held."""
        from django.utils import timezone

        from digest.delivery import levers

        if time.monotonic() - self._operated < 1.0:
            return
        self._operated = time.monotonic()

        def act() -> None:
            now = timezone.now()
            if levers.standing():
                self.operator["brakes lifted"] += len(levers.resume("chaos", now).lifted)
            self.operator["hastened"] += levers.hasten(now, "chaos")
            self.operator["released"] += levers.release_uncertain(now, "chaos", doubts=2)

        self._insist(act)

    def _insist(self, do: Callable[[], T]) -> T:
        """Do it, again and again while the database is away."""
        import psycopg
        from django.db import InterfaceError, OperationalError, connection

        deadline = time.monotonic() + 60
        while True:
            try:
                return do()
            except (OperationalError, InterfaceError, psycopg.OperationalError):
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _ask(self, statement: str) -> list[Any]:
        import psycopg

        with psycopg.connect(self.postgres.url("chaos"), autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    # The end

    def _settle(self) -> None:
        """Peace: the server behaves and nothing is killed; wait until all but the poison has an outcome."""
        assert self.relay.stdin is not None
        self.relay.stdin.write("peace\n")
        self.relay.stdin.flush()
        deadline = time.monotonic() + self.options.patience
        while time.monotonic() < deadline and self._waiting():
            self._wait(0.5)

    def _waiting(self) -> int:
        """Deliveries without an outcome, but for those whose message cannot be made."""
        return int(self._insist(lambda: self._ask(_WAITING))[0][0])

    def _evidence(self) -> reckoning.Evidence:
        from digest import safety_log
        from digest.models import Delivery

        rows = [
            reckoning.Row(
                recipient=delivery.subscriber.address,
                message_id=delivery.message_id,
                state=delivery.state,
                reason=delivery.reason,
                reply=delivery.reply,
                doubts=delivery.doubts,
                attempts=[(each.state, each.worker and f"{each.worker} {each.ended_at}") for each in delivery.tries.all()],
            )
            for delivery in Delivery.objects.select_related("subscriber").prefetch_related("tries").order_by("pk")
        ]
        hashes = dict(Delivery.objects.values_list("subscriber__mailbox_hash", "subscriber__address"))
        gone = {bytes.fromhex(line["mailbox"]) for line in safety_log.lines() if line.get("event") == "unsubscribed"}
        return reckoning.Evidence(
            journal=list(server.read(str(self.journal))),
            rows=rows,
            left=self.left,
            struck=self.struck,
            connections=self.options.connections,
            logged=frozenset(address for hashed, address in hashes.items() if bytes(hashed) in gone),
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200, help="three in ten are whole workers, the others single processes")
    parser.add_argument("--stops", type=int, default=10)
    parser.add_argument("--deploys", type=int, default=8, help="and as many kills of a beat")
    parser.add_argument("--jumps", type=int, default=2, help="of an hour and a week, ahead and back, so often each")
    parser.add_argument("--flushes", type=int, default=20, help="and half as many kills of Redis")
    parser.add_argument("--database-kills", type=int, default=10, help="and as many terminations of all its backends")
    parser.add_argument("--leaving", type=int, default=60, help="readers who unsubscribe")
    parser.add_argument("--faults", type=float, default=0.05, help="the share of messages at which the server misbehaves")
    parser.add_argument("--slow", type=float, default=0.8, help="seconds until a final dot is answered, on average")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2, help="of each worker")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--lease", type=int, default=3, help="seconds")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between faults, on average")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds to wait for the rest in peace")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the logs and the journal")
    options = parser.parse_args()
    # Whoever ends this run early gets all its processes ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    chaos = Chaos(options)
    try:
        report = chaos.run()
    finally:
        chaos.stop()
    broken = reckoning.broken(report)
    sys.stdout.write(json.dumps({**report, "broken promises": broken}, indent=2, ensure_ascii=False) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
