"""The drill: back up, lose everything, restore, and mail nobody before an operator says so."""

import datetime as dt
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from digest.backup import BackupFailed, backup, prune, restore
from digest.delivery import brakes
from digest.models import Brake
from subscriptions.models import Subscriber

pytestmark = pytest.mark.django_db(transaction=True)
NOW = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)


def reader(name: str) -> Subscriber:
    return Subscriber.objects.create(address=f"{name}@example.org", mailbox_hash=name.encode().ljust(32), time_zone="UTC")


def scratch_databases() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE '%%\\_check\\_%%'")
        return int(cursor.fetchone()[0])


def test_a_backup_brings_everybody_back_and_holds_all_sending(tmp_path: Path) -> None:
    kept = [reader("ada").pk, reader("grace").pk]
    made = backup(tmp_path, NOW)
    Subscriber.objects.all().delete()
    restore(made.path, timezone.now())
    assert sorted(Subscriber.objects.values_list("pk", flat=True)) == kept
    assert brakes.standing(timezone.now()).everything
    assert Brake.objects.standing().get().kind == Brake.Kind.RESTORE


def test_a_backup_was_restored_on_trial_and_leaves_no_scratch_database(tmp_path: Path) -> None:
    reader("ada")
    made = backup(tmp_path, NOW)
    assert made.rows["subscriptions_subscriber"] == 1
    assert made.path.name == "paper-round-20260316T060000Z.dump"
    assert scratch_databases() == 0


def test_a_backup_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    assert stat.S_IMODE(backup(tmp_path, NOW, verify=False).path.stat().st_mode) == 0o600


def test_people_are_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    made = backup(tmp_path, NOW, verify=False)
    reader("newcomer")
    with pytest.raises(BackupFailed, match="--replace"):
        restore(made.path, timezone.now())
    assert Subscriber.objects.count() == 1
    restore(made.path, timezone.now(), replace=True)
    assert Subscriber.objects.count() == 0


def test_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    reader("ada")
    made = backup(tmp_path, NOW, verify=False)
    octets = made.path.read_bytes()
    made.path.write_bytes(octets[: len(octets) * 2 // 3])
    with pytest.raises(BackupFailed, match="is as it was"):
        restore(made.path, timezone.now(), replace=True)
    assert Subscriber.objects.count() == 1
    assert not Brake.objects.exists()


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the directory should be")
    with pytest.raises(BackupFailed, match="cannot be written"):
        backup(tmp_path / "taken", NOW)
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_only_the_newest_backups_stay(tmp_path: Path) -> None:
    for day in range(1, 5):
        (tmp_path / f"paper-round-2026030{day}T000000Z.dump").touch()
    (tmp_path / "notes.txt").touch()
    assert [each.name for each in prune(tmp_path, 3)] == ["paper-round-20260301T000000Z.dump"]
    assert (tmp_path / "notes.txt").exists()


def test_the_command_refuses_to_keep_none(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="say 1 or more"):
        call_command("backup", tmp_path, "--keep", "0")
