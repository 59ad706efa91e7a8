"""The pages behind links, as a browser or a mailbox provider sees them."""

import datetime as dt

import pytest
from django.test import Client

from subscriptions import tokens
from subscriptions.models import Notice, Subscriber, Subscription

from .conftest import unsubscribe_token

pytestmark = pytest.mark.django_db


def _confirmation() -> str:
    return tokens.notice_path(Notice.objects.get(kind="confirmation"))


def test_confirming_takes_a_button(ada: Subscription, client: Client) -> None:
    Subscriber.objects.update(status="pending", confirmed_at=None)
    Subscription.objects.update(next_issue_at=None)
    Notice.objects.update(expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert b"Confirm my subscription" in client.get(_confirmation()).content
    assert Subscriber.objects.get().status == "pending"
    page = client.post(_confirmation()).content.decode()
    assert "in Europe/Paris" in page
    assert Subscriber.objects.get().status == "confirmed"
    assert "confirmed already" in client.get(_confirmation()).content.decode()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_one_click_ends_the_digest_without_cookie_or_redirect(ada: Subscription, body: str, kind: str) -> None:
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(tokens.unsubscribe_path(ada.pk), body, content_type=kind)
        assert (answer.status_code, answer.cookies) == (200, {})
    ada.refresh_from_db()
    assert ada.ended_because == "unsubscribed by one-click"


def test_one_click_still_answers_after_erasure(ada: Subscription, client: Client) -> None:
    path = tokens.unsubscribe_path(ada.pk)
    Subscriber.objects.all().delete()
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.get(path).status_code == 404


def test_the_page_to_stop_offers_a_pause_and_fewer(ada: Subscription, client: Client) -> None:
    path = tokens.unsubscribe_path(ada.pk)
    page = client.get(path).content.decode()
    assert "Pause for four weeks" in page
    assert "Send it every month" in page
    assert "Paused for four weeks" in client.post(path, {"do": "pause"}).content.decode()
    client.post(path, {"do": "fewer"})
    ada.refresh_from_db()
    assert (ada.cadence, ada.ended_at) == ("monthly", None)
    assert ada.paused_until
    assert ada.next_issue_at
    assert ada.next_issue_at >= ada.paused_until


def test_wrong_and_foreign_links_all_look_alike(ada: Subscription, client: Client) -> None:
    foreign = unsubscribe_token(ada)
    pages = {
        (answer := client.get(f"/{where}/{token}/")).status_code: answer.content
        for where in ("confirm", "preferences", "session", "address", "unsubscribe")
        for token in (
            "x",
            "1.abc",
            foreign if where != "unsubscribe" else "\u0661.x",
            tokens.sign(tokens.Scope.MESSAGE, 999, 0),
        )
    }
    assert list(pages) == [404]


def test_what_concerns_one_person_is_kept_by_nobody(ada: Subscription, client: Client) -> None:
    answer = client.get(tokens.unsubscribe_path(ada.pk))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not answer.cookies
