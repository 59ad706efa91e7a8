"""The local inbox in a browser's eyes."""

import datetime as dt
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from digest.models import Issue
from subscriptions.models import Subscriber, Subscription
from tests.local.test_kept import MULTIPART

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.local.urls")]

CONFIRMED = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def inbox(settings: Settings, tmp_path: Path) -> Path:
    settings.LOCAL_INBOX = str(tmp_path)
    (tmp_path / "new").mkdir()
    return tmp_path


@pytest.fixture
def subscription() -> Subscription:
    ada = Subscriber.objects.create(
        address="ada@example.org", mailbox_hash=b"ada", time_zone="Europe/Paris", status="confirmed", confirmed_at=CONFIRMED
    )
    return Subscription.objects.create(subscriber=ada, next_issue_at=CONFIRMED + dt.timedelta(days=7))


def test_an_empty_inbox_says_how_to_fill_it(client: Client) -> None:
    page = client.get("/inbox/").content.decode()
    assert "Nothing has been sent yet" in page


def test_the_list_shows_subject_and_recipient_and_leads_to_the_message(client: Client, inbox: Path) -> None:
    (inbox / "new" / "1.a").write_bytes(MULTIPART)
    page = client.get("/inbox/").content.decode()
    assert "Schrödinger bridges" in page
    assert "ada@example.org" in page
    assert 'href="/inbox/1.a/"' in page
    assert "café" in client.get("/inbox/1.a/").content.decode()


def test_the_html_part_may_run_nothing_and_load_nothing(client: Client, inbox: Path) -> None:
    (inbox / "new" / "1.a").write_bytes(MULTIPART)
    part = client.get("/inbox/1.a/html/")
    policy = part["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert "sandbox" in policy
    assert part["X-Frame-Options"] == "SAMEORIGIN"
    assert 'sandbox="allow-popups' in client.get("/inbox/1.a/").content.decode()


def test_the_source_downloads_as_it_was_received(client: Client, inbox: Path) -> None:
    (inbox / "new" / "1.a").write_bytes(MULTIPART)
    source = client.get("/inbox/1.a/source/")
    assert source.content == MULTIPART
    assert source["Content-Disposition"].startswith("attachment")


def test_markup_in_a_subject_is_text(client: Client, inbox: Path) -> None:
    (inbox / "new" / "1.a").write_bytes(b"Subject: <script>alert(1)</script>\r\n\r\nx")
    assert "<script>" not in client.get("/inbox/").content.decode()
    assert "<script>" not in client.get("/inbox/1.a/").content.decode()


@pytest.mark.parametrize("address", ["/inbox/2.b/", "/inbox/2.b/html/", "/inbox/2.b/source/", "/inbox/..%2f..%2fetc/source/"])
def test_a_message_that_is_not_there_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", "²"])
def test_any_page_number_gets_a_page(client: Client, page: str) -> None:
    assert client.get("/inbox/", {"page": page}).status_code == 200


def test_only_live_subscriptions_have_a_button(client: Client, subscription: Subscription) -> None:
    assert f"/inbox/send/{subscription.pk}/" in client.get("/inbox/").content.decode()
    Subscription.objects.update(ended_at=CONFIRMED, next_issue_at=None)
    assert f"/inbox/send/{subscription.pk}/" not in client.get("/inbox/").content.decode()
    assert client.post(f"/inbox/send/{subscription.pk}/").status_code == 404


def test_a_week_with_nothing_new_says_so(client: Client, subscription: Subscription) -> None:
    page = client.post(f"/inbox/send/{subscription.pk}/", follow=True).content.decode()
    assert "Nothing was sent to ada@example.org" in page


def test_the_button_answers_to_no_other_site_and_to_no_get(subscription: Subscription) -> None:
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(f"/inbox/send/{subscription.pk}/").status_code == 403
    assert stranger.get(f"/inbox/send/{subscription.pk}/").status_code == 405
    assert not Issue.objects.exists()
