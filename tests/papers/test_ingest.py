"""Files handed in by command."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from digest.environment import BASE
from digest.models import Paper, Poll
from digest.models import Source as FeedSource
from subscriptions.models import Topic

pytestmark = pytest.mark.django_db
PAGE = BASE / "seeds" / "daily-papers-03-13.txt"


def _ingest(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[list[dict[str, object]], str]:
    failed = ""
    try:
        call_command("ingest", *arguments, "--json")
    except CommandError as error:
        failed = f"{error} (exit {error.returncode})"
    said = capsys.readouterr()
    return [json.loads(line) for line in said.out.splitlines()], said.err + failed


def test_the_shipped_page_is_stored_once(capsys: pytest.CaptureFixture[str]) -> None:
    (first,), _ = _ingest(capsys, str(PAGE))
    (second,), _ = _ingest(capsys, str(PAGE))
    assert first == {"file": str(PAGE), "format": "page", "entries": 64, "new": 64, "known": 0, "refused": []}
    assert second == first | {"new": 0, "known": 64}
    assert (Paper.objects.count(), Poll.objects.count()) == (64, 2)


def test_a_file_that_cannot_be_read_gets_a_line_and_the_others_are_stored(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.txt"
    broken.write_bytes(PAGE.read_bytes()[:50_000])
    objects, errors = _ingest(capsys, str(broken), str(tmp_path / "none"), str(tmp_path), str(PAGE))
    assert [item["new"] for item in objects] == [0, 0, 0, 64]
    assert f"{broken}: it ends in the middle of a sentence" in errors
    assert f"{tmp_path / 'none'}: it cannot be read (No such file or directory)" in errors
    assert f"{tmp_path}: it is a directory, not a file" in errors
    assert "3 of 4 files could not be read; the others are stored. (exit 1)" in errors
    assert Paper.objects.count() == 64


def test_a_given_day_is_the_day_of_announcement_and_the_first_one_stands(capsys: pytest.CaptureFixture[str]) -> None:
    _ingest(capsys, str(PAGE), "--date", "2026-11-20")
    _, said = _ingest(capsys, str(PAGE), "--date", "2026-11-24")
    assert {f"{day:%Y-%m-%d}" for day in Paper.objects.values_list("announced_at", flat=True)} == {"2026-11-20"}
    assert "64 known papers keep the day on which they were first announced" in said


def test_seeds_load_once_and_edits_are_kept() -> None:
    call_command("load_seeds")
    counts = Topic.objects.count(), FeedSource.objects.count()
    assert counts[0] >= 80
    Topic.objects.filter(slug="koopman").update(name="Koopman theory")
    FeedSource.objects.filter(slug="biorxiv").update(active=True)
    call_command("load_seeds")
    assert (Topic.objects.count(), FeedSource.objects.count()) == counts
    assert Topic.objects.get(slug="koopman").name == "Koopman theory"
    assert FeedSource.objects.get(slug="biorxiv").active


def test_every_paper_of_the_shipped_page_has_a_topic(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_seeds")
    capsys.readouterr()
    _ingest(capsys, str(PAGE))
    assert not Paper.objects.filter(paper_topics=None).exists()
    stars = Paper.objects.get(title__startswith="Multi-mode Pulsations")
    assert stars.paper_topics.order_by("-score")[0].topic.slug == "stellar-solar"
    assert "1 M☉" in stars.abstract
