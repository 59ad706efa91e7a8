"""A person's session."""

import datetime as dt
import json

import pytest
from django.apps import apps
from django.test import Client
from pytest_django import Settings

from digest.models import Issue, RankingConfiguration
from subscriptions import account, door, limits, sessions, suppression, tokens
from subscriptions.models import Consent, Notice, Request, Subscriber, Subscription

from .conftest import token

pytestmark = pytest.mark.django_db
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _fresh_counters(settings: Settings) -> None:
    limits.client(settings.REDIS_URL).flushdb()


@pytest.fixture
def clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def link(ada: Subscription, clock: dt.datetime) -> Notice:
    notice = account.send_link("ada@example.org", clock).notice
    assert notice
    return notice


@pytest.fixture
def inside(link: Notice, client: Client) -> Client:
    """Ada's browser, her session open."""
    client.post(tokens.notice_path(link))
    return client


def _proof(client: Client) -> str:
    return sessions.proof(client.cookies[sessions.COOKIE].value)


def test_the_mailed_link_shows_a_button_and_works_once(link: Notice, client: Client) -> None:
    path = tokens.notice_path(link)
    for _ in range(2):
        assert "Open my preferences" in client.get(path).content.decode()
    answer = client.post(path)
    assert answer.headers["Location"] == "/you/"
    cookie = answer.cookies[sessions.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"]) == (True, "Strict", True, "/you/")
    assert "ada@example.org" in client.get("/you/", secure=True).content.decode()
    assert Client().post(path).status_code == 404
    assert client.get(path).status_code == 404


def test_a_link_lives_for_half_an_hour(link: Notice, clock: dt.datetime) -> None:
    assert account.use_link(token(link), clock + 30 * MINUTE) is None
    assert account.use_link(token(link), clock + 29 * MINUTE) is not None


def test_a_session_lives_for_half_an_hour_and_dies_with_its_links(ada: Subscription, now: dt.datetime) -> None:
    cookie = sessions.start(ada.subscriber, now)
    assert sessions.find(cookie, now + 29 * MINUTE) == ada.subscriber
    assert sessions.find(cookie, now + 30 * MINUTE) is None
    assert sessions.find(cookie, now - MINUTE) is None
    Subscriber.objects.update(token_generation=1)
    assert sessions.find(cookie, now) is None


@pytest.mark.parametrize("path", ["/you/", "/you/address/", "/you/erase/", "/you/export/", "/you/leave/", "/you/digests/1/"])
def test_without_a_session_there_is_only_a_way_to_get_one(ada: Subscription, client: Client, path: str) -> None:
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 401
        assert "Mail me a link" in answer.content.decode()
        assert "ada@example.org" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/you/", "/you/address/", "/you/erase/", "/you/export/", "/you/leave/"])
def test_a_form_that_the_session_did_not_make_does_nothing(inside: Client, path: str) -> None:
    stranger = tokens.sign(tokens.Scope.PROOF, 1, 0, 1)
    for proof in ("", "x", stranger):
        assert inside.post(path, {"proof": proof, "address": "eve@example.org", "time_zone": "Asia/Tokyo"}).status_code == 403
    assert Subscriber.objects.get().time_zone == "Europe/Paris"


def test_name_and_time_zone_are_saved(inside: Client, ada: Subscription) -> None:
    answer = inside.post("/you/", {"proof": _proof(inside), "name": "Ada", "time_zone": "Asia/Tokyo"})
    assert "Saved." in answer.content.decode()
    ada.refresh_from_db()
    assert (ada.subscriber.name, ada.subscriber.time_zone) == ("Ada", "Asia/Tokyo")
    wrong = inside.post("/you/", {"proof": _proof(inside), "name": "Ada", "time_zone": "Mars/Olympus"})
    assert wrong.status_code == 422
    assert "choose a time zone" in wrong.content.decode()


def test_a_digest_is_changed_from_the_session_and_nobody_elses(inside: Client, ada: Subscription) -> None:
    path = f"/you/digests/{ada.pk}/"
    assert inside.get(path).status_code == 200
    inside.post(path, {"proof": _proof(inside), "do": "pause", "weeks": "2"})
    ada.refresh_from_db()
    assert ada.paused_until
    assert inside.get(f"/you/digests/{ada.pk + 1}/").status_code == 404


def test_closing_the_session_forgets_it(inside: Client) -> None:
    assert inside.get("/you/leave/").status_code == 302
    inside.post("/you/leave/", {"proof": _proof(inside)})
    assert inside.get("/you/").status_code == 401


def test_a_new_address_is_confirmed_there_and_announced_at_the_old(inside: Client, ada: Subscription) -> None:
    old_link = tokens.preferences_path(ada.pk, 0)
    answer = inside.post("/you/address/", {"proof": _proof(inside), "address": "ada@example.net"})
    assert "Check the new inbox" in answer.content.decode()
    assert Subscriber.objects.get().address == "ada@example.org"
    door.answer(dt.datetime.now(dt.UTC), 10)
    notice = Notice.objects.get(kind="address-confirmation")
    assert notice.recipient == "ada@example.net"
    path = tokens.notice_path(notice)
    assert "ada@example.net" in inside.get(path).content.decode()
    assert Subscriber.objects.get().address == "ada@example.org"
    assert "Your digests move here" in inside.post(path).content.decode()
    moved = Subscriber.objects.get()
    assert (moved.address, bytes(moved.mailbox_hash)) == ("ada@example.net", suppression.mailbox_hash("ada@example.net"))
    assert Notice.objects.get(kind="address-changed").recipient == "ada@example.org"
    assert Consent.objects.filter(event="changed-address").exists()
    for dead in (path, old_link, "/you/"):
        assert inside.get(dead).status_code in {401, 404}
    assert inside.get(tokens.unsubscribe_path(ada.pk)).status_code == 200


def test_an_address_with_digests_of_its_own_is_not_taken_over(inside: Client, ada: Subscription, clock: dt.datetime) -> None:
    Subscriber.objects.create(
        address="grace@example.org",
        mailbox_hash=suppression.mailbox_hash("grace@example.org"),
        time_zone="UTC",
        status="confirmed",
        confirmed_at=clock,
    )
    answer = inside.post("/you/address/", {"proof": _proof(inside), "address": "grace@example.org"})
    assert "Check the new inbox" in answer.content.decode()
    door.answer(clock, 10)
    path = tokens.notice_path(Notice.objects.get(kind="address-confirmation"))
    assert inside.post(path).status_code == 409
    ada.subscriber.refresh_from_db()
    assert ada.subscriber.address == "ada@example.org"


def test_an_unconfirmed_sign_up_gives_way_to_a_confirmed_move(ada: Subscription, clock: dt.datetime) -> None:
    Subscriber.objects.create(
        address="ada@example.net", mailbox_hash=suppression.mailbox_hash("ada@example.net"), time_zone="UTC"
    )
    notice = account.ask_address(ada.subscriber, "ada@example.net", clock).notice
    assert notice
    assert account.change_address(token(notice), clock).outcome == "changed"
    assert account.change_address(token(notice), clock).outcome == "gone"
    assert Subscriber.objects.get().address == "ada@example.net"


def test_a_wrong_new_address_is_explained(inside: Client) -> None:
    answer = inside.post("/you/address/", {"proof": _proof(inside), "address": "nowhere"})
    assert answer.status_code == 422
    assert "does not look like an email address" in answer.content.decode()


def _issue(ada: Subscription, at: dt.datetime) -> Issue:
    return Issue.objects.create(
        subscription=ada,
        number=1,
        due_at=at,
        window_start=at - DAY,
        window_end=at,
        configuration=RankingConfiguration.objects.create(version=1, weights={}),
        paper_ids=[7],
        published_at=at,
    )


def test_the_export_holds_everything_held(inside: Client, ada: Subscription, now: dt.datetime) -> None:
    _issue(ada, now)
    door.ask_for_link("ada@example.org", "192.0.2.0/24", now)
    assert inside.get("/you/export/").status_code == 302
    answer = inside.post("/you/export/", {"proof": _proof(inside)})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="paper-round.json"'
    held = json.loads(answer.content)
    assert held["subscriber"]["address"] == "ada@example.org"
    assert [row["event"] for row in held["consents"]] == ["requested", "confirmed"]
    assert held["issues"][0]["paper_ids"] == [7]
    assert held["requests"][0]["network"] == "192.0.2.0/24"
    assert {name: len(rows) for name, rows in held.items() if isinstance(rows, list)} == {
        "subscriptions": 1,
        "interests": 1,
        "consents": 2,
        "notices": 2,
        "requests": 1,
        "suppressions": 0,
        "issues": 1,
        "deliveries": 0,
        "bounces": 0,
        "feedback": 0,
        "upvotes": 0,
        "submissions": 0,
    }


def test_the_export_has_a_place_for_every_table_that_knows_people(inside: Client) -> None:
    held = json.loads(inside.post("/you/export/", {"proof": _proof(inside)}).content)
    about_people = {
        str(model._meta.verbose_name_plural)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model in {Subscriber, Subscription} and not model._meta.abstract
    }
    assert about_people <= set(held)


@pytest.mark.parametrize(("name", "complaint"), [("A\u202eda", "invisible character"), ("A" * 121, "120 characters")])
def test_a_name_is_one_visible_line(inside: Client, name: str, complaint: str) -> None:
    answer = inside.post("/you/", {"proof": _proof(inside), "name": name, "time_zone": "UTC"})
    assert answer.status_code == 422
    assert complaint in answer.content.decode()


def test_erasing_removes_everything_but_a_keyed_hash_and_says_what(inside: Client, ada: Subscription, now: dt.datetime) -> None:
    _issue(ada, now)
    door.ask_for_link("ada@example.org", "", now)
    assert "cannot be undone" in inside.get("/you/erase/").content.decode()
    assert Subscriber.objects.exists()
    page = inside.post("/you/erase/", {"proof": _proof(inside)}).content.decode()
    for removed in ("Subscriptions", "Interests", "Issues", "Notices", "Requests"):
        assert removed in page
    assert not Subscriber.objects.exists()
    assert not Issue.objects.exists()
    assert not Request.objects.exists()
    assert [consent.event for consent in Consent.objects.order_by("id")] == ["requested", "confirmed", "erased"]
    assert not Consent.objects.exclude(subscriber=None).exists()
    assert "ada" not in str(list(Consent.objects.values()))
    assert inside.get("/you/").status_code == 401
    assert account.erase(ada.subscriber, now) == account.Erased()
