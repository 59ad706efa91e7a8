"""What a digest's own link shows and changes."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from subscriptions import preferences, tokens
from subscriptions.models import Interest, Subscriber, Subscription

pytestmark = pytest.mark.django_db
FORM = {"cadence": "weekly", "weekday": "0", "hour": "7", "size": "12", "format": "html"}


@pytest.fixture
def path(ada: Subscription) -> str:
    return tokens.preferences_path(ada.pk, 0)


def test_a_forwarded_digest_gives_away_nothing_personal(ada: Subscription, client: Client, path: str) -> None:
    Subscriber.objects.update(name="Ada Lovelace")
    page = client.get(path).content.decode()
    assert "ada@example.org" not in page
    assert "Lovelace" not in page
    for personal in ("/you/", "Erase", "JSON"):
        assert personal not in page


def test_subjects_and_schedule_are_saved(ada: Subscription, client: Client, path: str) -> None:
    kept = ada.interests.get()
    chosen = {"topics": ["robot-learning", "koopman"], "keywords": "soft robots, wavelets", "authors": "Lovelace, Ada"}
    unwanted = {"never": "survey", "never_authors": "Babbage, Charles", "texts": "I study loops, and looms"}
    schedule = {"cadence": "daily", "hour": "18", "size": "5", "format": "text"}
    answer = client.post(path, {**FORM, **chosen, **unwanted, **schedule})
    assert "Saved." in answer.content.decode()
    ada.refresh_from_db()
    assert (ada.cadence, ada.hour, ada.size, ada.format) == ("daily", 18, 5, "text")
    assert ada.next_issue_at
    assert ada.next_issue_at < dt.datetime.now(dt.UTC) + dt.timedelta(days=1, hours=1)
    assert kept in ada.interests.all()
    assert sorted(ada.interests.values_list("kind", "topic__slug", "value", "excluded")) == [
        ("author", None, "Babbage, Charles", True),
        ("author", None, "Lovelace, Ada", False),
        ("keyword", None, "soft robots", False),
        ("keyword", None, "survey", True),
        ("keyword", None, "wavelets", False),
        ("text", None, "I study loops, and looms", False),
        ("topic", "koopman", "", False),
        ("topic", "robot-learning", "", False),
    ]


def test_a_topic_never_to_be_shown_and_a_category_survive_the_form(ada: Subscription, client: Client, path: str) -> None:
    Interest.objects.update(excluded=True)
    Interest.objects.create(subscription=ada, kind="category", value="math.DS")
    client.post(path, FORM)
    assert ada.interests.count() == 2
    client.post(path, {**FORM, "topics": ["robot-learning"]})
    assert not ada.interests.get(kind="topic").excluded


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"size": "0"}, "from 1 to 50"),
        ({"hour": "25"}, "one of those in the list"),
        ({"topics": ["alchemy"]}, "There is no topic “alchemy” any more"),
        ({"keywords": "x" * 121}, "is too long"),
        ({"keywords": ",".join(map(str, range(61)))}, "These are 61"),
        ({"keywords": "a\0b"}, "invisible character"),
    ],
)
def test_what_cannot_be_saved_is_explained_and_kept_in_the_form(
    ada: Subscription, client: Client, path: str, wrong: dict[str, str], complaint: str
) -> None:
    answer = client.post(path, {**FORM, "authors": "Ada Lovelace", **wrong})
    assert answer.status_code == 422
    assert complaint in answer.content.decode()
    assert "Ada Lovelace" in answer.content.decode()
    assert ada.interests.count() == 1


def test_a_pause_moves_the_next_issue_and_ends_when_asked(ada: Subscription, client: Client, path: str) -> None:
    answer = client.post(path, {"do": "pause", "weeks": "4"})
    assert "Paused." in answer.content.decode()
    ada.refresh_from_db()
    assert ada.paused_until
    assert ada.next_issue_at
    assert ada.next_issue_at >= ada.paused_until > dt.datetime.now(dt.UTC) + dt.timedelta(days=26)
    assert "It runs again." in client.post(path, {"do": "resume"}).content.decode()
    running = Subscription.objects.get(pk=ada.pk)
    assert running.paused_until is None
    assert running.next_issue_at
    assert running.next_issue_at <= dt.datetime.now(dt.UTC) + dt.timedelta(days=7, hours=1)


@pytest.mark.parametrize("until", ["2020-01-01", "2999-01-01", "soon", ""])
def test_a_pause_takes_a_date_within_a_year(ada: Subscription, client: Client, path: str, until: str) -> None:
    answer = client.post(path, {"do": "pause", "until": until})
    assert answer.status_code == 422
    assert 'id="until-error"' in answer.content.decode()
    ada.refresh_from_db()
    assert ada.paused_until is None


def test_a_pause_until_a_day_ends_on_that_day_where_the_reader_is(ada: Subscription, client: Client, path: str) -> None:
    day = (dt.datetime.now(dt.UTC) + dt.timedelta(days=40)).date()
    client.post(path, {"do": "pause", "until": day.isoformat()})
    ada.refresh_from_db()
    assert ada.paused_until
    assert ada.paused_until.astimezone(ZoneInfo("Europe/Paris")).date() == day


def test_a_change_of_zone_keeps_the_local_hour(ada: Subscription, now: dt.datetime) -> None:
    preferences.rename(ada.subscriber, "Ada", "Asia/Tokyo", now)
    ada.refresh_from_db()
    assert ada.next_issue_at == dt.datetime(2026, 3, 15, 22, tzinfo=dt.UTC)


def test_fewer_means_weekly_and_then_monthly(ada: Subscription, now: dt.datetime) -> None:
    Subscription.objects.update(cadence="daily")
    seen = [digest.cadence for _ in range(3) if (digest := preferences.fewer(ada.pk, now))]
    assert seen == ["weekly", "monthly", "monthly"]


def test_an_ended_digest_or_a_revoked_link_opens_nothing(
    ada: Subscription, client: Client, path: str, now: dt.datetime
) -> None:
    Subscriber.objects.update(token_generation=1)
    assert client.get(path).status_code == 404
    fresh = tokens.preferences_path(ada.pk, 1)
    assert client.get(fresh).status_code == 200
    Subscription.objects.update(ended_at=now, next_issue_at=None)
    assert client.get(fresh).status_code == 404
    assert client.post(fresh, FORM).status_code == 404
    assert preferences.pause(ada.pk, now, now) is None
    assert preferences.resume(ada.pk, now) is None
    assert preferences.fewer(ada.pk, now) is None
