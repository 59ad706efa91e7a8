"""Rolling from one release to the next while a run is under way: workers of both, one database, each message once.

The release before is a copy of this tree in a directory of its own, so that its workers load their own code; the schema is that
of the next one already, with columns the old code has never heard of, as additive migrations leave it.
"""

import contextlib
import datetime as dt
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from celery import current_app
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from digest import issues
from digest.environment import BASE
from digest.models import Delivery
from subscriptions.models import Notice
from tests.delivery.cast import reader
from tests.delivery.relay import Relay
from tests.issues.cast import MONDAY, digest_for
from tests.issues.cast import reader as person

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = 400
PATIENCE = 240
GROWN = ("digest_delivery", "digest_issue", "subscriptions_notice", "subscriptions_subscription")


@pytest.fixture
def _next_schema() -> Iterator[None]:
    """What the next release would add."""
    with connection.cursor() as cursor:
        for table in GROWN:
            cursor.execute(f"ALTER TABLE \"{table}\" ADD COLUMN of_the_next_release text NOT NULL DEFAULT '-'")
    yield
    with connection.cursor() as cursor:
        for table in GROWN:
            cursor.execute(f'ALTER TABLE "{table}" DROP COLUMN of_the_next_release')


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The tree of the release before."""
    for name in ("digest", "subscriptions", "templates", "seeds"):
        shutil.copytree(BASE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", ".env.example"):
        shutil.copy(BASE / name, tmp_path)
    return tmp_path


def _worker(tree: Path, name: str, relay: Relay) -> "subprocess.Popen[bytes]":
    own = connection.settings_dict
    password, host = (quote(own[each] or "", safe="") for each in ("PASSWORD", "HOST"))
    place = f"postgres://{own['USER']}:{password}@{host}:{own['PORT'] or ''}".rstrip(":")
    return subprocess.Popen(
        [
            sys.executable, "-m", "celery", "-A", "digest", "worker", "--concurrency", "1", "--hostname", f"{name}@rolling",
            "--without-mingle", "--without-gossip", "--without-heartbeat", "--queues", "rolling", "--loglevel", "WARNING",
        ],
        cwd=tree,
        env={
            **os.environ, "PYTHONPATH": str(tree), "DATABASE_URL": f"{place}/{own['NAME']}", "SMTP_URL": relay.url,
            "PYTHONWARNINGS": "ignore", "SMTP_CONNECTIONS": "2",
        },
    )  # fmt: skip


class Pace:
    """A relay's script that holds every final dot back until the test lets some go, so that the run is under way till then."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._waiting = 0
        self._allowed: float = 0

    def __call__(self, step: str, _recipient: str) -> str | None:
        if step == "dot":
            with self._turn:
                self._waiting += 1
                self._turn.wait_for(lambda: self._allowed > 0)
                self._waiting -= 1
                self._allowed -= 1
        return None

    def allow(self, number: float) -> None:
        """Let so many more go."""
        with self._turn:
            self._allowed += number
            self._turn.notify_all()

    def allow_what_waits(self) -> None:
        """Let those go that wait now, as a worker that is to end has nothing else to wait for."""
        with self._turn:
            self._allowed = max(self._allowed, self._waiting)
            self._turn.notify_all()


def _accepted() -> int:
    return Delivery.objects.filter(state="accepted").count()


def _until(number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while _accepted() < number:
        assert time.monotonic() < deadline, dict(Delivery.objects.values_list("state", "reason"))
        # What a task leaves over it asks for on the queue of production, which nobody serves here.
        _ask()
        time.sleep(0.5)


def _ended(worker: "subprocess.Popen[bytes]", pace: Pace) -> None:
    deadline = time.monotonic() + PATIENCE
    while worker.poll() is None:
        assert time.monotonic() < deadline, "it does not end"
        pace.allow_what_waits()
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(timeout=0.5)


def _ask() -> None:
    for _ in range(2):
        current_app.send_task("digest.tasks.deliver_waiting", queue="rolling")


@pytest.mark.long
@pytest.mark.usefixtures("_next_schema")
def test_a_roll_in_the_middle_of_a_run_sends_each_message_once(before: Path) -> None:
    now = timezone.now()
    for number in range(WAITING):
        Notice.objects.create(
            subscriber=reader(f"reader{number}"), kind=Notice.Kind.MAGIC_LINK, key=f"rolling:{number}",
            context={"generation": 0, "because": "link"}, expires_at=now + dt.timedelta(minutes=30),
        )  # fmt: skip
    pace = Pace()
    relay = Relay(pace).start()
    old = [_worker(before, f"old{number}", relay) for number in range(2)]
    workers = list(old)
    try:
        pace.allow(20)
        _ask()
        _until(20)
        workers.append(_worker(BASE, "new", relay))
        for each in old:
            so_far = _accepted()
            pace.allow(20)
            _until(so_far + 20)
            each.send_signal(signal.SIGTERM)
            # How soon it drains, tests/delivery/test_drain.py says.
            _ended(each, pace)
        assert not Delivery.objects.filter(state="uncertain").exists()
        assert 40 <= _accepted() < WAITING, "the run was not under way any more"
        pace.allow(math.inf)
        _until(WAITING)
    finally:
        pace.allow(math.inf)
        for each in workers:
            if each.poll() is None:
                each.send_signal(signal.SIGTERM)
        for each in workers:
            try:
                each.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
        relay.stop()
    sent = [each.recipient for each in relay.taken]
    assert len(sent) == len(set(sent)) == WAITING


@pytest.mark.usefixtures("_next_schema")
def test_the_release_before_publishes_into_the_next_schema() -> None:
    digest = digest_for(person())
    done = issues.publish([digest.pk], MONDAY + dt.timedelta(hours=1))
    assert done.published + done.skipped == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT of_the_next_release FROM digest_issue UNION ALL SELECT of_the_next_release FROM digest_delivery")
        assert cursor.fetchall() == [("-",), ("-",)]


FIRST = {"digest": "0002_search", "subscriptions": "0003_audit_is_append_only"}
"""The migrations that the first release begins with; every later one has to be additive."""
_TAKES_AWAY = (migrations.RemoveField, migrations.DeleteModel, migrations.RenameField, migrations.RenameModel)


def breaks_the_release_before(operations: Sequence[object]) -> list[str]:
    """What in these operations the code of the release before could not live with, in words."""
    found = []
    for each in operations:
        if isinstance(each, _TAKES_AWAY):
            found.append(f"{type(each).__name__} takes away what it reads")
        elif isinstance(each, migrations.AddField) and not (
            each.field.null or each.field.has_db_default() or each.field.many_to_many
        ):
            found.append(f"{each.name} is not null and has no default in the database")
    return found


def test_every_migration_since_the_first_release_only_adds() -> None:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in FIRST and name > FIRST[app]:
            assert breaks_the_release_before(migration.operations) == [], name


def test_what_the_release_before_could_not_live_with_is_seen() -> None:
    assert breaks_the_release_before([migrations.AddField("Issue", "note", models.TextField(db_default=""))]) == []
    assert breaks_the_release_before([migrations.AddField("Issue", "note", models.TextField(default=""))])
    assert breaks_the_release_before([migrations.RemoveField("Issue", "gist")])
