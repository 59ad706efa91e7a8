"""How long the admin's pages take over a large list, beside a hundredth of it.

    .venv/bin/python -m bench.admin [--scale 20000] [--rounds 5] [--json]

`--scale` is the number of subscribers; each has one weekly digest, twelve issues and their deliveries over twelve weeks, and
there is half a paper for each. `--scale 1000000` is the size that the admin is made for: 1,000,000 subscribers, 12,000,000
deliveries, 500,000 papers. Rows are made by COPY, then the days are counted as the beat counts them and the tables analysed.

Every page is asked for in this process, through all middleware; its time is the least of the rounds, with the queries beside
it. Exit status 1 when a page takes more than three times its time at a hundredth, and more than 50 ms longer: under that, the
noise of a busy machine is all there is. A private PostgreSQL and Valkey are started and thrown away.
"""

import argparse
import contextlib
import datetime as dt
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql
from rich.console import Console
from rich.table import Table

AT_MOST, NOISE = 3.0, 0.05
_WEEKS = 12
_DOMAINS = ("example.com", "example.org", "example.net")
_TROUBLES = {7: ("failed", "the mailbox does not exist"), 11: ("skipped", "nothing new this week")}


@dataclass(frozen=True, slots=True)
class Page:
    """What a page took: seconds, the least of the rounds, and queries of the database."""

    name: str
    seconds: float
    queries: int


@contextlib.contextmanager
def empty() -> Iterator[None]:
    """An empty, migrated database under servers of our own."""
    from bench import site

    with tempfile.TemporaryDirectory(prefix="paper-round-bench-") as home, site.servers(Path(home)):
        # A phone with one-time codes is not at hand here.
        os.environ["SECOND_FACTOR"] = "false"
        import django

        django.setup()
        from bench import scratch

        with scratch.database():
            yield


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """COPY rows into a table."""
    from django.db import connection

    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as sink:
        for row in rows:
            sink.write_row(row)


def build(people: int, now: dt.datetime) -> None:
    """A list of so many people, twelve weeks old."""
    from django.db import connection

    from digest import counts
    from digest.models import RankingConfiguration, Source
    from digest.ranking import Configuration
    from subscriptions.models import Topic

    weights = RankingConfiguration.objects.create(version=1, weights=Configuration().as_json(), note="The first.").pk
    topics = Topic.objects.bulk_create(
        Topic(slug=f"topic-{each}", name=f"Topic {each}", field="Made up", description="-") for each in range(40)
    )
    sources = Source.objects.bulk_create(
        Source(slug=f"source-{each}", name=f"Source {each}", format="syndication", url=f"https://feeds.example.org/{each}",
               last_success_at=now, next_poll_at=now + dt.timedelta(hours=1), created_at=now - dt.timedelta(days=100))
        for each in range(6)
    )  # fmt: skip
    begun = now - dt.timedelta(weeks=_WEEKS)
    span = now - begun
    copy(
        "digest_poll",
        ("source_id", "started_at", "size", "entries_new", "entries_known", "entries_refused", "notes", "error"),
        (
            (source.pk, now - dt.timedelta(hours=6 * each), 48_000, each % 30, 20, "[]", "[]", "")
            for source in sources
            for each in range(4 * 7 * _WEEKS)
        ),
    )
    papers = max(people // 2, 100)
    copy(
        "digest_paper",
        ("id", "title", "abstract", "title_source", "abstract_source", "authors", "categories", "keywords", "url", "pdf_url",
         "links", "journal_reference", "organisation", "upvotes", "stars", "announced_at", "listed_at", "text_rank",
         "revision"),
        (
            (each, f"Made up paper {each}", "A plain method does well.", "-", "", ["Ada Author"], ["cs.RO"], [], "", "",
             "[]", "", "", each % 50, 0, at, at, 0, 1)
            for each in range(1, papers + 1)
            for at in [begun + span * each / papers]
        ),
    )  # fmt: skip
    _people(people, now, begun, [topic.pk for topic in topics])
    _deliveries(people, now, begun, weights, papers)
    with connection.cursor() as cursor:
        for table in ("digest_paper", "subscriptions_subscriber", "subscriptions_subscription", "digest_issue"):
            newest = sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))")
            cursor.execute(newest.format(sql.Literal(table), sql.Identifier(table)))
        cursor.execute("VACUUM ANALYZE")
    counts.refresh(now)


def _people(people: int, now: dt.datetime, begun: dt.datetime, topics: Sequence[int]) -> None:
    chance = random.Random(1)
    keys = [chance.randbytes(32) for _ in range(people)]
    joined = [begun + (now - begun) * each / people for each in range(people)]
    copy(
        "subscriptions_subscriber",
        ("id", "address", "mailbox_hash", "name", "time_zone", "status", "token_generation", "created_at", "confirmed_at"),
        (
            (each + 1, f"reader{each}@{_DOMAINS[each % 3]}", key, "", "Europe/Paris", "confirmed", 0, at, at)
            for each, (key, at) in enumerate(zip(keys, joined, strict=True))
        ),
    )
    copy(
        "subscriptions_subscription",
        ("id", "subscriber_id", "name", "cadence", "weekday", "hour", "format", "size", "feed_generation", "next_issue_at",
         "created_at", "ended_at", "ended_because"),
        (
            (each + 1, each + 1, "", "weekly", each % 7, each % 24, "html", 12, 0,
             None if gone else now + dt.timedelta(minutes=1 + each % (7 * 1440)), at, now if gone else None,
             "unsubscribed by link" if gone else "")
            for each, at in enumerate(joined)
            for gone in [each % 50 == 49]
        ),
    )  # fmt: skip
    copy(
        "subscriptions_interest",
        ("subscription_id", "kind", "topic_id", "value", "excluded", "created_at"),
        ((each + 1, "topic", topics[each % len(topics)], "", False, at) for each, at in enumerate(joined)),
    )
    copy(
        "subscriptions_consent",
        ("subscriber_id", "mailbox_hash", "event", "method", "wording", "wording_version", "network", "at"),
        (
            (each + 1, key, "confirmed", "link", "Send me a digest.", "1", "192.0.2.0/24", at)
            for each, (key, at) in enumerate(zip(keys, joined, strict=True))
        ),
    )


def _deliveries(people: int, now: dt.datetime, begun: dt.datetime, weights: int, papers: int) -> None:
    week = dt.timedelta(weeks=1)

    def made() -> Iterator[tuple[int, int, int, dt.datetime]]:
        number = 0
        for back in range(_WEEKS):
            for each in range(people):
                number += 1
                yield number, each + 1, back + 1, begun + week * back + week * each / people

    copy(
        "digest_issue",
        ("id", "subscription_id", "kind", "number", "due_at", "window_start", "window_end", "configuration_id", "profile",
         "paper_ids", "versions", "slate", "receipt", "published_at"),
        (
            (number, each, "regular", issue, at, at - week, at, weights, "{}", [1 + number % papers], "{}", "[]", "{}", at)
            for number, each, issue, at in made()
        ),
    )  # fmt: skip
    copy(
        "digest_delivery",
        ("issue_id", "subscriber_id", "domain", "priority", "state", "reason", "message_id", "attempts", "next_attempt_at",
         "fence", "claimed_by", "stage", "reply", "created_at", "finished_at"),
        (
            (number, each, _DOMAINS[(each - 1) % 3], 1, state, reason, f"<{number}@papers.example.org>", 1, at, 1, "", "",
             "2.0.0 Ok", at, at + dt.timedelta(seconds=number % 90))
            for number, each, _, at in made()
            for state, reason in [_TROUBLES.get(number % 500, ("accepted", ""))]
        ),
    )  # fmt: skip
    copy(
        "digest_bounce",
        ("delivery_id", "subscriber_id", "verdict", "status", "why", "report", "received_at"),
        (
            (None, each, ("suppress", "soft", "complaint")[number % 3], "5.1.1", "no such mailbox", "", at)
            for number, each, _, at in made()
            if number % 1000 == 7
        ),
    )


def measure(rounds: int, now: dt.datetime) -> list[Page]:
    """Every page, opened as an owner."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.create_superuser("owner"))
    pages = []
    for name, path in _paths(now).items():
        times, queries = [], 0
        for _ in range(rounds):
            with CaptureQueriesContext(connection) as captured:
                begun = time.perf_counter()
                answer: Any = client.get(path)
                times.append(time.perf_counter() - begun)
            queries = len(captured)
            if answer.status_code != 200:
                raise SystemExit(f"{path} answered {answer.status_code}")
        pages.append(Page(name, min(times), queries))
    return pages


def _paths(now: dt.datetime) -> dict[str, str]:
    yesterday = (now - dt.timedelta(days=1)).date()
    lists = {
        "subscribers": "subscriptions/subscriber/",
        "subscribers reading": "subscriptions/subscriber/?state=reading",
        "one address": "subscriptions/subscriber/?q=reader7@example.org",
        "one subscriber": "subscriptions/subscriber/7/change/",
        "digests due in a day": "subscriptions/subscription/?due=day",
        "consents": "subscriptions/consent/",
        "papers": "digest/paper/",
        "issues": "digest/issue/",
        "one issue": "digest/issue/7/change/",
        "deliveries": "digest/delivery/",
        "deliveries, page 20": "digest/delivery/?p=20",
        "failed": "digest/delivery/?state__exact=failed",
        "accepted yesterday": f"digest/delivery/?state__exact=accepted&created={yesterday}",
        "uncertain": "digest/delivery/?state__exact=uncertain",
        "one person's deliveries": "digest/delivery/?subscriber__id__exact=7",
        "bounces": "digest/bounce/",
        "polls": "digest/poll/",
    }
    desk = {
        "Today": "",
        **{
            name: f"desk/{name}/" for name in ("charts", "sources", "next", "sending", "jobs", "preflight", "what-if", "import")
        },
        "who did not get it": f"desk/missed/?day={yesterday}",
        "a person's story": "desk/story/7/",
    }
    return {name: f"/admin/{path}" for name, path in {**desk, **lists}.items()}


def main() -> int:
    """Build both sizes, one after the other, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=20_000, help="subscribers of the larger list")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.scale < 10_000:
        parser.error("--scale is 10000 at least, so that a hundredth fills the pages that are asked for.")
    now = dt.datetime.now(dt.UTC)
    measured = {}
    with empty():
        from django.core.management import call_command

        for people in (arguments.scale // 100, arguments.scale):
            call_command("flush", interactive=False, verbosity=0)
            build(people, now)
            measured[people] = measure(arguments.rounds, now)
    small, large = measured.values()
    slow = [
        one.name
        for other, one in zip(small, large, strict=True)
        if one.seconds > AT_MOST * other.seconds and one.seconds - other.seconds > NOISE
    ]
    if arguments.json:
        rows = [
            {"page": one.name, "small": other.seconds, "large": one.seconds, "queries": one.queries}
            for other, one in zip(small, large, strict=True)
        ]
        print(json.dumps({"scale": arguments.scale, "pages": rows, "slow": slow}))
        return 1 if slow else 0
    table = Table("Page", *(f"{people:,} people, ms" for people in measured), "times", "queries")
    for other, one in zip(small, large, strict=True):
        ratio = one.seconds / other.seconds
        table.add_row(one.name, f"{1000 * other.seconds:.0f}", f"{1000 * one.seconds:.0f}", f"{ratio:.1f}", str(one.queries))
    Console().print(table)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
