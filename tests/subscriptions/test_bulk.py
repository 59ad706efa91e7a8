"""What is done to many people at once, and what leaves as CSV."""

import csv
import datetime as dt

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from subscriptions import bulk, consent, exporting, jobs
from subscriptions.models import Consent, Job, Notice, Subscriber, Suppression

NOW = dt.datetime(2026, 3, 16, 9, tzinfo=dt.UTC)


def people(*names: str) -> list[int]:
    found = [consent.subscribe(consent.SignUp(address=f"{each}@example.org", name=each), NOW).subscriber for each in names]
    return [each.pk for each in found if each]


def run(kind: str, ids: list[int], now: dt.datetime = NOW) -> Job:
    job = bulk.begin(kind, ids, "asked by letter", User.objects.create_user(f"operator{Job.objects.count()}"), now, "")
    while jobs.advance(lambda: now, dt.timedelta(seconds=1)) is not None:
        pass
    job.refresh_from_db()
    return job


@pytest.mark.django_db(transaction=True)
class TestJobs:
    def test_erasing_leaves_the_record_of_consent_and_nothing_else(self) -> None:
        ids = people("ada", "bernard", "chandra")
        job = run(bulk.ERASE, ids[:2])
        assert job.result["counts"] == {"erased": 2}
        assert [each.address for each in Subscriber.objects.all()] == ["chandra@example.org"]
        assert Consent.objects.filter(event="erased", subscriber=None).count() == 2

    def test_suppressing_twice_suppresses_once(self) -> None:
        ids = people("ada")
        run(bulk.SUPPRESS, ids)
        assert run(bulk.SUPPRESS, ids).result["counts"] == {"was suppressed before": 1}
        assert Suppression.objects.get().note == "asked by letter"

    def test_nobody_is_asked_twice_within_a_day(self) -> None:
        ids = people("ada")
        assert run(bulk.ASK_AGAIN, ids).result["counts"] == {"asked within a day": 1}
        later = NOW + dt.timedelta(days=2)
        assert run(bulk.ASK_AGAIN, ids, later).result["counts"] == {"asked again": 1}
        assert Notice.objects.filter(kind=Notice.Kind.CONFIRMATION).count() == 2

    def test_too_many_at_once_are_refused_before_anything_is_written(self) -> None:
        with pytest.raises(bulk.TooMany, match="Narrow the list"):
            bulk.begin(bulk.ERASE, list(range(bulk.MOST + 1)), "", User.objects.create_user("operator"), NOW, "")
        assert not Job.objects.exists()

    def test_a_batch_that_fails_is_undone_and_ends_the_job_in_words(self) -> None:
        ids = people("ada")

        @jobs.kind("fail after writing")
        def _fail(job: Job, now: dt.datetime) -> jobs.Batch:
            Subscriber.objects.filter(pk__in=ids).delete()
            raise jobs.JobFailed("The letter has no signature. Ask for one.")

        job = jobs.start("fail after writing", {}, User.objects.create_user("operator"), NOW)
        jobs.advance(lambda: NOW, dt.timedelta(seconds=1))
        job.refresh_from_db()
        assert (job.state, job.error) == ("failed", "The letter has no signature. Ask for one.")
        assert Subscriber.objects.count() == 1


@pytest.mark.django_db
def test_an_export_has_a_line_for_each_digest_with_its_interests() -> None:
    consent.subscribe(consent.SignUp(address="ada@example.org", name="=1+1", keywords=("Koopman", "control")), NOW)
    header, line = csv.reader(exporting.lines(Subscriber.objects.all()))
    cells = dict(zip(header, line, strict=True))
    assert (cells["address"], cells["name"], cells["keywords"]) == ("ada@example.org", "'=1+1", "Koopman; control")


@given(st.sampled_from("=+-@\t\r\n"), st.text(max_size=20))
def test_no_cell_begins_like_a_formula(sign: str, rest: str) -> None:
    assert exporting.neutral(sign + rest).startswith("'")
