"""An import says what it would do, does it once, and mails nobody."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from subscriptions import consent, importing, jobs, suppression
from subscriptions.models import AuditEntry, Consent, Interest, Job, Notice, Subscriber, Subscription, Suppression, Topic

pytestmark = pytest.mark.django_db(transaction=True)
NOW = dt.datetime(2026, 3, 16, 9, tzinfo=dt.UTC)
START = NOW + dt.timedelta(days=7)
HOW = "Ticked a box at the conference desk, March 2026: send me the weekly list."
TEXT = (
    "E-mail,Name,Topics,keywords,hour\n"
    "ada@example.org,Ada,robotics,Koopman operator; control,8\n"
    'bernard@example.org,"Bernard, B.",Nothing like it,,\n'
    "no address,Nobody,,,\n"
    "ADA@example.org,Ada again,,,\n"
    "chandra@example.org,Chandra,,,25\n"
)
MAPPING = {"E-mail": "address", "Name": "name", "Topics": "topics", "keywords": "keywords", "hour": "hour"}


@pytest.fixture
def by() -> User:
    Topic.objects.create(slug="robotics", name="Robotics", field="Computing", description="Machines that move.")
    return User.objects.create_user("operator")


def finish(job: Job, *, now: dt.datetime = NOW) -> Job:
    while jobs.advance(lambda: now, dt.timedelta(seconds=1)) is not None:
        pass
    job.refresh_from_db()
    return job


def begin(by: User, text: str = TEXT) -> Job:
    return importing.begin(text, MAPPING, HOW, START, by, NOW, "")


def test_columns_are_guessed_from_their_names() -> None:
    assert importing.columns(TEXT) == MAPPING
    assert importing.columns("\ufeffEmail;Timezone;Colour\n".lstrip("\ufeff")) == {
        "Email": "address",
        "Timezone": "time_zone",
        "Colour": "",
    }


def test_a_dry_run_says_what_would_happen_and_writes_nothing(by: User) -> None:
    found = importing.compare(TEXT, MAPPING)
    assert found.counts == {"new": 2, "refused": 2, "twice in the file": 1}
    assert found.unknown_topics == {"Nothing like it"}
    assert "the hour '25'" in " ".join(found.examples["refused"])
    assert not Subscriber.objects.exists()


def test_people_are_imported_confirmed_and_resting_until_the_start(by: User) -> None:
    job = finish(begin(by))
    assert (job.state, job.done, job.total) == ("done", 5, 5)
    assert job.result["counts"] == {"new": 2, "refused": 2, "twice in the file": 1}
    ada = Subscription.objects.get(subscriber__address="ada@example.org")
    assert ada.subscriber.status == Subscriber.Status.CONFIRMED
    assert ada.next_issue_at is not None
    assert ada.next_issue_at >= START
    assert (ada.hour, ada.paused_until) == (8, START)
    assert {each.topic.slug if each.topic else each.value for each in Interest.objects.filter(subscription=ada)} == {
        "robotics", "Koopman operator", "control",
    }  # fmt: skip


def test_an_import_mails_nobody(by: User) -> None:
    finish(begin(by))
    assert not Notice.objects.exists()


def test_how_consent_was_obtained_is_kept_for_each_person(by: User) -> None:
    finish(begin(by))
    assert set(Consent.objects.values_list("event", "method", "wording")) == {("confirmed", "import", HOW)}
    with pytest.raises(importing.ImportRefused, match="Say in a sentence"):
        importing.begin(TEXT, MAPPING, "bought", START, by, NOW, "")


def test_whoever_is_suppressed_or_has_left_stays_out(by: User) -> None:
    suppression.suppress("ada@example.org", Suppression.Reason.COMPLAINT, "", NOW)
    subscribed = consent.subscribe(consent.SignUp(address="bernard@example.org"), NOW)
    assert subscribed.subscriber is not None
    consent.record(subscribed.subscriber, Consent.Event.UNSUBSCRIBED, "link", "Stop", NOW)
    job = finish(begin(by))
    assert job.result["counts"]["suppressed"] == 1
    assert job.result["counts"]["has left before"] == 1
    assert not Subscription.objects.live().exists()


def test_importing_the_same_file_again_adds_nobody(by: User) -> None:
    finish(begin(by))
    again = finish(begin(by))
    assert again.result["counts"].get("new", 0) == 0
    assert Subscription.objects.count() == 2


def test_the_file_is_gone_when_the_job_is_finished(by: User) -> None:
    assert finish(begin(by)).payload is None


def test_long_files_go_batch_by_batch_and_records_may_span_lines(by: User) -> None:
    lines = "".join(f'reader{number}@example.org,"Reader\n{number}",,,\n' for number in range(1200))
    job = finish(begin(by, TEXT.split("\n", 1)[0] + "\n" + lines))
    assert job.result["counts"] == {"new": 1200}
    assert Subscriber.objects.count() == 1200


def test_a_cancelled_import_keeps_what_was_done_and_stops(by: User) -> None:
    lines = "".join(f"reader{number}@example.org,,,,\n" for number in range(600))
    job = begin(by, TEXT.split("\n", 1)[0] + "\n" + lines)
    clock = iter([NOW, NOW, NOW, NOW + dt.timedelta(hours=1), NOW + dt.timedelta(hours=1)])
    jobs.advance(lambda: next(clock), dt.timedelta(seconds=1))
    assert jobs.cancel(job, by, NOW)
    assert finish(job).state == "cancelled"
    assert Subscriber.objects.count() == 500
    assert AuditEntry.objects.filter(action="cancel import").exists()


def test_a_worker_that_died_is_followed_by_another(by: User) -> None:
    job = begin(by)
    Job.objects.filter(pk=job.pk).update(state="running", lease_expires_at=NOW + jobs.LEASE)
    assert jobs.advance(lambda: NOW, dt.timedelta(seconds=1)) is None
    later = NOW + jobs.LEASE + dt.timedelta(seconds=1)
    assert finish(job, now=later).state == "done"


@pytest.mark.parametrize(
    ("octets", "words"),
    [(b"", "The file is empty"), (b"a,a\n", "the same name"), ("Müller".encode("latin-1"), "not UTF-8"), (b"a\0b", "NUL")],
)
def test_a_file_that_is_no_csv_is_refused_in_words(octets: bytes, words: str) -> None:
    with pytest.raises(importing.ImportRefused, match=words):
        importing.columns(importing.decode(octets))


def test_one_column_must_be_the_address() -> None:
    with pytest.raises(importing.ImportRefused, match="which one column holds the address"):
        list(importing.rows(TEXT, {"Name": "name"}))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_never_breaks(text: str) -> None:
    try:
        guessed = importing.columns(importing.decode(text.encode("utf-8", "replace")))
        list(importing.rows(text, {**dict.fromkeys(guessed, ""), next(iter(guessed)): "address"}))
    except importing.ImportRefused:
        return  # in words; anything else fails the test
