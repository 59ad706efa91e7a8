"""Several digests under one address."""

import datetime as dt

import pytest
from django.test import Client
from pytest_django import Settings

from subscriptions import account, limits, preferences, sessions, tokens
from subscriptions.models import Consent, Subscription

pytestmark = pytest.mark.django_db
FORM = {"cadence": "weekly", "weekday": "0", "hour": "7", "size": "12", "format": "html"}


@pytest.fixture
def inside(ada: Subscription, client: Client, settings: Settings) -> Client:
    limits.client(settings.REDIS_URL).flushdb()
    notice = account.send_link("ada@example.org", dt.datetime.now(dt.UTC)).notice
    assert notice
    client.post(tokens.notice_path(notice))
    return client


def _form(client: Client, **more: str) -> dict[str, str]:
    return {**FORM, "do": "save", "proof": sessions.proof(client.cookies[sessions.COOKIE].value), **more}


def test_another_digest_starts_at_once_with_its_own_subjects_and_schedule(inside: Client, ada: Subscription) -> None:
    page = inside.post("/you/digests/new/", _form(inside, name="Maths", keywords="wavelets", cadence="monthly", minutes="20"))
    assert "Added." in page.content.decode()
    added = Subscription.objects.live().get(name="Maths")
    assert (added.cadence, added.minutes, added.subscriber) == ("monthly", 20, ada.subscriber)
    assert [each.value for each in added.interests.all()] == ["wavelets"]
    assert list(Consent.objects.order_by("id").values_list("event", "method"))[-2:] == [
        ("requested", "session"),
        ("confirmed", "session"),
    ]
    both = inside.get("/you/").content.decode()
    assert "Maths" in both
    assert "Digest every week" in both


def test_what_cannot_be_added_is_explained_and_kept(inside: Client) -> None:
    answer = inside.post("/you/digests/new/", _form(inside, size="99", authors="Ada Lovelace"))
    assert answer.status_code == 422
    assert "Ada Lovelace" in answer.content.decode()
    assert Subscription.objects.count() == 1


def test_there_are_at_most_ten(inside: Client, ada: Subscription) -> None:
    for number in range(preferences.MOST_DIGESTS - 1):
        inside.post("/you/digests/new/", _form(inside, name=f"no. {number}"))
    assert Subscription.objects.live().count() == preferences.MOST_DIGESTS
    answer = inside.post("/you/digests/new/", _form(inside, name="one more"))
    assert answer.status_code == 409
    assert "which is the most" in answer.content.decode()
    assert Subscription.objects.live().count() == preferences.MOST_DIGESTS


def test_a_digest_is_named_in_the_session_and_not_by_a_forwarded_message(
    inside: Client, ada: Subscription, client: Client
) -> None:
    inside.post(f"/you/digests/{ada.pk}/", _form(inside, name="Robots"))
    ada.refresh_from_db()
    assert ada.name == "Robots"
    path = tokens.preferences_path(ada.pk, 0)
    assert "Robots" not in client.get(path).content.decode()
    client.post(path, {**FORM, "do": "save", "name": "Renamed"})
    ada.refresh_from_db()
    assert ada.name == "Robots"


def test_stopping_one_leaves_the_other(inside: Client, ada: Subscription) -> None:
    inside.post("/you/digests/new/", _form(inside, name="Maths"))
    added = Subscription.objects.get(name="Maths")
    assert tokens.unsubscribe_path(added.pk) in inside.get(f"/you/digests/{added.pk}/").content.decode()
    inside.post(tokens.unsubscribe_path(added.pk), {"do": "stop"})
    assert list(Subscription.objects.live()) == [ada]


def test_a_pause_remembers_when_it_began_also_when_it_is_made_longer_or_ended(ada: Subscription, now: dt.datetime) -> None:
    day = dt.timedelta(days=1)
    preferences.pause(ada.pk, now + 10 * day, now)
    preferences.pause(ada.pk, now + 20 * day, now + 5 * day)
    preferences.resume(ada.pk, now + 8 * day)
    ada.refresh_from_db()
    assert (ada.paused_at, ada.paused_until) == (now, None)
    preferences.pause(ada.pk, now + 40 * day, now + 30 * day)
    ada.refresh_from_db()
    assert ada.paused_at == now + 30 * day


def test_a_topic_that_was_muted_can_be_shown_again(ada: Subscription, client: Client) -> None:
    ada.interests.update(excluded=True)
    path = tokens.preferences_path(ada.pk, 0)
    assert "Show Robot learning again" in client.get(path).content.decode()
    client.post(path, {**FORM, "do": "save", "shown_again": "robot-learning"})
    assert not ada.interests.exists()
