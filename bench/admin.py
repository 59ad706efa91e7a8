"""How long the admin's pages take over a large list, beside a hundredth of it.

    .venv/bin/python -m bench.admin [--scale 1000000] [--rounds 5] [--home DIRECTORY] [--json]

`--scale` is the number of subscribers; each has one weekly digest, twelve issues and their deliveries over twelve weeks, and
there is half a paper for each (`bench.crowd` makes them). `--scale 1000000` is the size that the admin is made for: 1,000,000
subscribers, 12,000,000 deliveries, 500,000 papers. Both lists lie in one private PostgreSQL, which is thrown away unless
`--home` names where it is to be kept for another run.

A process for each list opens every page through all middleware, as an owner; in every round each page is asked of the one and
then of the other, and a page's time is the least of its rounds. Both lists fill the pages that are compared. Exit status 1 when
a page takes more than three times its time at a hundredth and more than 5 ms longer, which is what a busy machine adds by
itself, or 25 queries or more.
"""

import argparse
import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

AT_MOST, NOISE = 3.0, 0.005
MOST_QUERIES = 24
PUBLISHED = 200
"""So many issues are made for good, so that there is something to compare and to preview as it was made."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page took over the smaller and the larger list: seconds, the least of the rounds, and queries over the larger."""

    name: str
    small: float
    large: float
    queries: int

    @property
    def fault(self) -> str:
        slow = self.large > AT_MOST * self.small and self.large - self.small > NOISE
        return " and ".join(why for why, holds in (("slow", slow), ("queries", self.queries > MOST_QUERIES)) if holds)


@contextlib.contextmanager
def servers(home: Path | None) -> Iterator[None]:
    """A private PostgreSQL and Valkey in `home`, or in a directory that goes afterwards."""
    from bench import site

    with contextlib.ExitStack() as stack:
        place = home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paper-round-bench-")))
        stack.enter_context(site.servers(place.resolve()))
        # A phone with one-time codes is not at hand here.
        os.environ["SECOND_FACTOR"] = "false"
        yield


def prepare(people: int) -> None:
    """The database of the list of this size; nothing where it is there already."""
    import psycopg

    from digest.local.servers import Postgres

    name = f"admin_{people}"
    with psycopg.connect(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        connection.execute("ALTER SYSTEM SET max_wal_size = '16GB'")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f'DROP DATABASE IF EXISTS "{name}.new"'.encode())
        connection.execute(f'CREATE DATABASE "{name}.new"'.encode())
    subprocess.run(
        [sys.executable, "-m", "bench.admin", "--build", str(people)],
        env={**os.environ, "DATABASE_URL": Postgres(Path(os.environ["PAPER_ROUND_VAR"])).url(f"{name}.new")},
        check=True,
    )
    with psycopg.connect(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://"), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}.new" RENAME TO "{name}"'.encode())


def build(people: int, now: dt.datetime) -> None:
    """A list of so many people, twelve weeks old, in the empty database that DATABASE_URL names."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from bench import crowd
    from digest import corpus, counts, issues
    from digest.models import Pick, RankingConfiguration, Source, Submission
    from digest.ranking import Configuration
    from subscriptions.models import Job, Subscriber, Subscription, Topic
    from subscriptions.suppression import mailbox_hash

    def told(what: str) -> None:
        sys.stderr.write(f"{people:,}: {what} after {time.monotonic() - begun:.0f} s\n")

    begun = time.monotonic()
    call_command("migrate", verbosity=0)
    weights = RankingConfiguration.objects.create(version=1, weights=Configuration().as_json(), note="The first.").pk
    topics = Topic.objects.bulk_create(
        Topic(slug=f"topic-{each}", name=f"Topic {each}", field="Made up", description="-") for each in range(40)
    )
    sources = Source.objects.bulk_create(
        Source(slug=f"source-{each}", name=f"Source {each}", format="syndication", url=f"https://feeds.example.org/{each}",
               last_success_at=now, next_poll_at=now + dt.timedelta(hours=1), created_at=now - dt.timedelta(days=100))
        for each in range(6)
    )  # fmt: skip
    crowd.build(people, now, [each.pk for each in sources], [each.pk for each in topics], weights)
    told("rows and indexes")
    Subscriber.objects.filter(pk=7).update(mailbox_hash=mailbox_hash(Subscriber.objects.get(pk=7).address))
    owner = User.objects.create_superuser("owner", email="owner@example.org")
    Pick.objects.bulk_create(Pick(paper_id=each, editor=owner, note="Read it.") for each in range(1, 101))
    Submission.objects.bulk_create(
        Submission(subscriber_id=each, kind="url", value=f"https://papers.example.org/s{each}", title="Brought",
                   state="waiting", created_at=now)
        for each in range(1, 101)
    )  # fmt: skip
    Job.objects.bulk_create(
        Job(kind="erase", state="done", started_by_name="owner", created_at=now, finished_at=now) for _ in range(60)
    )
    corpus.learn(now)
    told("words")
    hours = Subscription.objects.filter(ended_at=None, next_issue_at__isnull=False).order_by("-id")[:PUBLISHED]
    Subscription.objects.filter(pk__in=list(hours.values_list("pk", flat=True))).update(next_issue_at=now)
    issues.publish_due(now + dt.timedelta(minutes=1), PUBLISHED)
    told("issues")
    counts.refresh(now)
    told("days counted, all")
    for _ in range(2):
        at = time.monotonic()
        counts.refresh(now)
        told(f"days counted anew, in {time.monotonic() - at:.1f} s,")
    at = time.monotonic()
    counts.count_everyone([now.date()], now)
    told(f"everyone counted, in {time.monotonic() - at:.1f} s,")


def answer() -> None:
    """Open the pages that are asked for on standard input; say of each how long it took and in how many queries."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(username="owner"))
    for line in sys.stdin:
        path, form = json.loads(line)
        with CaptureQueriesContext(connection) as captured:
            begun = time.perf_counter()
            found: Any = client.get(path) if form is None else client.post(path, form)
            took = time.perf_counter() - begun
        if found.status_code != 200:
            raise SystemExit(f"{path} answered {found.status_code}")
        slowest = max(captured.captured_queries, key=lambda each: float(each["time"]), default={"sql": "", "time": ""})
        said = {"seconds": took, "queries": len(captured), "slowest": f"{slowest['time']} s {slowest['sql']}"[:3000]}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


class Desk:
    """A process that opens the pages of one list."""

    def __init__(self, people: int) -> None:
        from digest.local.servers import Postgres

        url = Postgres(Path(os.environ["PAPER_ROUND_VAR"])).url(f"admin_{people}")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.admin", "--answer"],
            env={**os.environ, "DATABASE_URL": url},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, path: str, form: dict[str, str] | None) -> dict[str, Any]:
        if not self._process.stdin or not self._process.stdout:
            raise SystemExit("The process that opens pages has no pipes.")
        self._process.stdin.write(json.dumps([path, form]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The process that opens pages ended at {path}.")
        said: dict[str, Any] = json.loads(line)
        return said

    def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


def measure(small: Desk, large: Desk, people: int, rounds: int, now: dt.datetime, only: str) -> Iterator[Page]:
    """Every page over both lists, asked of the one and then the other in each round."""
    for name, (path, form) in _paths(now, people).items():
        if only and only not in name:
            continue
        pairs = []
        for _ in range(rounds):
            pairs.append((small.ask(path.replace("{last}", str(people // 100)), form),
                          large.ask(path.replace("{last}", str(people)), form)))  # fmt: skip
        least = [min(pair[at]["seconds"] for pair in pairs) for at in (0, 1)]
        page = Page(name, least[0], least[1], pairs[-1][1]["queries"])
        if page.fault:
            sys.stderr.write(f"{name}: {page.fault}; the slowest query: {pairs[-1][1]['slowest']}\n")
        yield page


def _paths(now: dt.datetime, people: int) -> dict[str, tuple[str, dict[str, str] | None]]:
    """Pages by name: their paths, and what is posted to those that work when asked to. `{last}` is the last person's id."""
    yesterday = (now - dt.timedelta(days=1)).date()
    lists = {
        "subscribers": "subscriptions/subscriber/",
        "subscribers reading": "subscriptions/subscriber/?state=reading",
        "subscribers waiting": "subscriptions/subscriber/?state=waiting",
        "subscribers who left": "subscriptions/subscriber/?state=left",
        "readers of a topic": "subscriptions/subscriber/?topic=1",
        "subscribers, part of an address": "subscriptions/subscriber/?q=reader77",
        "one address": "subscriptions/subscriber/?q=reader7@example.net",
        "one subscriber": "subscriptions/subscriber/7/change/",
        "subscriptions": "subscriptions/subscription/",
        "subscriptions ended": "subscriptions/subscription/?due=ended",
        "digests due in a day": "subscriptions/subscription/?due=day",
        "one subscription": "subscriptions/subscription/{last}/change/",
        "consents": "subscriptions/consent/",
        "consents, confirmed yesterday": f"subscriptions/consent/?event__exact=confirmed&on={yesterday}",
        "requests": "subscriptions/request/",
        "notices": "subscriptions/notice/",
        "one notice, by its key": "subscriptions/notice/?q=confirmation+7",
        "suppressions": "subscriptions/suppression/",
        "audit log": "subscriptions/auditentry/",
        "topics": "subscriptions/topic/",
        "papers": "digest/paper/",
        "papers, words": "digest/paper/?q=w7+w93",
        "papers, a frequent word": "digest/paper/?q=w7",
        "papers, an address": "digest/paper/?q=https://papers.example.org/77",
        "papers of a source": "digest/paper/?appearances__source__id__exact=1",
        "one paper": "digest/paper/77/change/",
        "picks": "digest/pick/",
        "submissions": "digest/submission/",
        "issues": "digest/issue/",
        "issues, published yesterday": f"digest/issue/?published={yesterday}",
        "one issue": "digest/issue/7/change/",
        "deliveries": "digest/delivery/",
        "deliveries, page 20": "digest/delivery/?p=20",
        "deliveries queued": "digest/delivery/?state__exact=queued",
        "deliveries, domain": "digest/delivery/?domain__exact=example.org&state__exact=accepted",
        "deliveries, words": "digest/delivery/?q=mailbox",
        "deliveries being sent": "digest/delivery/?state__in=claimed,sending",
        "issues of a subscription": "digest/issue/?q=7",
        "votes, words": "digest/feedback/?q=w7+w93",
        "consents of an address": "subscriptions/consent/?q=reader7@example.net",
        "subscriptions, words": "subscriptions/subscription/?q=robots",
        "failed": "digest/delivery/?state__exact=failed",
        "accepted yesterday": f"digest/delivery/?state__exact=accepted&created={yesterday}",
        "uncertain": "digest/delivery/?state__exact=uncertain",
        "deferred": "digest/delivery/?state__exact=deferred",
        "failed yesterday": f"digest/delivery/?state__exact=failed&created={yesterday}",
        "one person's deliveries": "digest/delivery/?subscriber__id__exact=7",
        "one delivery": "digest/delivery/7/change/",
        "bounces": "digest/bounce/",
        "complaints": "digest/bounce/?verdict__exact=complaint",
        "one bounce": "digest/bounce/7/change/",
        "votes": "digest/feedback/",
        "polls": "digest/poll/",
        "source days": "digest/sourceday/?came=missing",
        "sources, list": "digest/source/",
        "ranking configurations": "digest/rankingconfiguration/",
        "one ranking configuration": "digest/rankingconfiguration/1/change/",
        "accounts": "auth/user/",
    }
    desk = {
        "Today": "",
        **{
            name: f"desk/{name}/"
            for name in ("charts", "sources", "sources/try", "next", "sending", "jobs", "preflight", "what-if", "import")
        },
        "charts of a year": "desk/charts/?days=365",
        "who did not get it": f"desk/missed/?day={yesterday}",
        "a person's story": "desk/story/7/",
        "preview, now": "desk/preview/7/",
        "preview, a day ago": f"desk/preview/7/?at={yesterday}",
    }
    pages: dict[str, tuple[str, dict[str, str] | None]] = {
        name: (f"/admin/{path}", None) for name, path in {**desk, **lists}.items()
    }
    pages["the next publish, tried"] = ("/admin/desk/next/", {})
    pages["what-if, tried"] = ("/admin/desk/what-if/", {"topic": "0.5"})
    return pages


def main() -> int:
    """Build both sizes, one after the other, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=1_000_000, help="subscribers of the larger list")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path, help="where both lists are kept for another run")
    parser.add_argument("--only", default="", help="only pages whose name holds this")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--build", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    now = dt.datetime.now(dt.UTC)
    if arguments.build:
        build(arguments.build, now)
        return 0
    if arguments.answer:
        answer()
        return 0
    if arguments.scale < 100_000:
        parser.error("--scale is 100000 at least, so that a hundredth fills the pages that are asked for.")
    people = arguments.scale
    with servers(arguments.home):
        for each in (people // 100, people):
            prepare(each)
        small, large = Desk(people // 100), Desk(people)
        pages = list(measure(small, large, people, arguments.rounds, now, arguments.only))
        small.close()
        large.close()
    if arguments.json:
        print(json.dumps({"scale": people, "pages": [[each.name, each.small, each.large, each.queries] for each in pages]}))
    else:
        table = Table("Page", f"{people // 100:,} people, ms", f"{people:,} people, ms", "times", "queries", "")
        for each in sorted(pages, key=lambda page: -page.large / page.small):
            small_ms, large_ms = f"{1000 * each.small:.0f}", f"{1000 * each.large:.0f}"
            table.add_row(each.name, small_ms, large_ms, f"{each.large / each.small:.1f}", str(each.queries), each.fault)
        Console(width=110).print(table)
    return 1 if any(each.fault for each in pages) else 0


if __name__ == "__main__":
    sys.exit(main())
