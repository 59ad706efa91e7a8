"""A restored or copied database mails nobody who has left since."""

from pathlib import Path

import pytest
from django.db import connection

from digest.delivery import deliver, safekeeping
from digest.models import Brake, Home
from subscriptions.models import Consent, Subscriber, Subscription, Suppression
from subscriptions.suppression import mailbox_hash, suppress
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def log(tmp_path: Path, settings: pytest.FixtureRequest) -> Path:
    settings.SAFETY_LOG = str(tmp_path / "safety.log")  # type: ignore[attr-defined]
    return tmp_path / "safety.log"


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


def go_back() -> None:
    """What a restore from before does to the sequences."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('subscriptions_consent_id_seq', 1), setval('subscriptions_suppression_id_seq', 1)")


def test_the_log_holds_hashes_and_no_address(log: Path) -> None:
    waiting("ada")
    consent("ada", "confirmed")
    suppress("ada@example.org", Suppression.Reason.COMPLAINT, "", MONDAY)
    assert safekeeping.guard(MONDAY) == ""
    assert safekeeping.append() == 0
    assert len(log.read_text().splitlines()) == 2
    assert "example.org" not in log.read_text()


def test_a_restored_database_sends_nothing_until_the_log_is_replayed(relay: Relay) -> None:
    waiting("ada", "grace", "alan", "emmy")
    for name in ("ada", "grace", "alan", "emmy"):
        consent(name, "confirmed")
    consent("ada", "unsubscribed")
    consent("grace", "erased")
    suppress("alan@example.org", Suppression.Reason.COMPLAINT, "", MONDAY)
    safekeeping.append()
    Suppression.objects.all().delete()
    go_back()

    assert "older than the log" in safekeeping.guard(MONDAY)
    assert Brake.objects.standing().get().kind == "restore"
    assert "restored" in deliver(MONDAY, 10, policy=policy(relay.url), make=letters).halted
    replayed = safekeeping.resume("ada", MONDAY)
    assert (replayed.suppressed, replayed.ended, replayed.erased) == (1, 1, 1)
    assert safekeeping.guard(MONDAY) == ""
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"skipped": 2, "accepted": 1}
    assert [taken.recipient for taken in relay.taken] == ["emmy@example.org"]


def test_whoever_came_back_after_leaving_stays() -> None:
    waiting("ada")
    for event in ("confirmed", "unsubscribed", "requested", "confirmed"):
        consent("ada", event)
    safekeeping.append()
    go_back()
    assert safekeeping.resume("ada", MONDAY).ended == 0
    assert Subscription.objects.get().ended_at is None


def test_a_copy_in_another_cluster_sends_nothing() -> None:
    assert safekeeping.guard(MONDAY) == ""
    Home.objects.update(cluster="7000000000000000000")
    assert "another cluster" in safekeeping.guard(MONDAY)
    safekeeping.resume("ada", MONDAY)
    assert safekeeping.guard(MONDAY) == ""


def test_a_line_that_a_crash_cut_short_is_passed_over(log: Path) -> None:
    waiting("ada")
    consent("ada", "confirmed")
    log.write_bytes(b'{"kind": "cons')
    assert safekeeping.append() == 1
    assert safekeeping.append() == 0
