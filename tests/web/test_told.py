"""Each header by which an answer tells a browser to be careful, one by one, on every kind of page."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest import issues, papers
from digest.models import Source
from digest.sources.entries import Entry
from subscriptions import account, sessions, tokens
from subscriptions.models import Notice, Subscription
from tests.issues.cast import MONDAY, digest_for, reader

pytestmark = pytest.mark.django_db
PUBLIC = ("/", "/subscribe/", "/topics/", "/trending/", "/search/?q=x", "/no-such-page/", "/api/v1/papers", "/trending.atom")


@pytest.fixture
def ada() -> Subscription:
    source = Source.objects.create(slug="s", name="S", format=Source.Format.SYNDICATION)
    papers.store([Entry(title="A title", abstract="Words.", doi="10.1/x", announced_at=MONDAY)], source, MONDAY)
    return digest_for(reader())


def _with_tokens(ada: Subscription) -> list[str]:
    """The address of each kind of page that holds a token."""
    generation, now = ada.subscriber.token_generation, timezone.now()
    published = issues.publish([ada.pk], MONDAY + dt.timedelta(hours=1))
    account.send_link("ada@example.org", now)
    account.ask_address(ada.subscriber, "ada@example.net", now)
    message = tokens.message_token(ada.pk, generation)
    return [
        tokens.unsubscribe_path(ada.pk),
        tokens.preferences_path(ada.pk, generation),
        tokens.issue_path(published.issues[0], generation),
        tokens.feed_path(ada.pk, ada.feed_generation, "atom"),
        tokens.feed_path(ada.pk, ada.feed_generation, "json"),
        f"/feedback/{message}/1/more/",
        f"/feedback/{message}/interest/1/",
        f"/sample/{message}/",
        "/confirm/x/",
        *(tokens.notice_path(each) for each in Notice.objects.all()),
    ]


def _answers(client: Client, ada: Subscription) -> list[tuple[str, Any]]:
    """Public pages, pages of a token, one's own pages, the admin's; what is found and what is not."""
    client.cookies[sessions.COOKIE] = sessions.start(ada.subscriber, timezone.now())
    client.force_login(User.objects.create_superuser("owner"))
    admin = ("/admin/", "/admin/login/", "/admin/digest/paper/", "/admin/no-such-page/")
    paths = [*PUBLIC, *_with_tokens(ada), "/you/", "/you/issues/", *admin, "/static/icon.svg"]
    return [(path, client.get(path, secure=True)) for path in paths]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Strict-Transport-Security", "max-age=31536000"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"),
    ],
)
def test_every_answer_carries(client: Client, ada: Subscription, name: str, value: str) -> None:
    for path, answer in _answers(client, ada):
        if name == "X-Frame-Options" and path.startswith("/static/"):
            continue
        assert answer.headers.get(name) == value, path


def test_every_answer_names_a_policy_that_loads_nothing_by_default(client: Client, ada: Subscription) -> None:
    for path, answer in _answers(client, ada):
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert "default-src 'none'" in policy, path
        assert "base-uri 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert {"form-action 'self'", "form-action 'none'"} & {*policy}, path


@pytest.mark.parametrize(
    ("directive", "values"),
    [
        ("default-src", "'none'"),
        ("style-src", "'self'"),
        ("script-src", "'self'"),
        ("img-src", "'self'"),
        ("connect-src", "'self'"),
        ("form-action", "'self'"),
        ("base-uri", "'none'"),
        ("frame-ancestors", "'none'"),
    ],
)
def test_the_policy_of_the_site_is_this(client: Client, directive: str, values: str) -> None:
    for path in PUBLIC:
        policy = dict(each.split(" ", 1) for each in client.get(path).headers["Content-Security-Policy"].split("; "))
        assert policy[directive] == values, path


def test_the_policy_of_the_admin_opens_what_unfold_needs_and_no_more(client: Client) -> None:
    policy = dict(each.split(" ", 1) for each in client.get("/admin/login/").headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self' 'unsafe-inline'",
        "script-src": "'self' 'unsafe-eval'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "frame-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


def test_an_issue_in_the_browser_runs_nothing(client: Client, ada: Subscription) -> None:
    path = next(each for each in _with_tokens(ada) if each.startswith("/issues/"))
    policy = client.get(path).headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "form-action 'none'" in policy


@pytest.mark.parametrize(
    ("name", "value"), [("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"), ("X-Robots-Tag", "noindex")]
)
def test_a_page_whose_address_holds_a_token_is_kept_told_and_found_by_nobody(
    client: Client, ada: Subscription, name: str, value: str
) -> None:
    paths = [*_with_tokens(ada), "/you/", "/preferences/", "/subscribe/"]
    for path in paths:
        assert client.get(path).headers[name] == value, path
        # A token with one letter too many, and all the same another page's business.
        spoiled = "/".join([*path.split("/")[:2], path.split("/")[2] + "x", *path.split("/")[3:]])
        assert path.count("/") < 3 or client.get(spoiled).headers[name] == value, spoiled
    for path in paths:
        answer = client.post(path)
        assert answer.status_code == 405 or answer.headers[name] == value, path


def test_pages_of_no_token_tell_their_address_to_this_site_alone(client: Client, ada: Subscription) -> None:
    for path in (*PUBLIC, "/admin/login/"):
        assert client.get(path).headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, path


def test_the_admin_is_kept_by_nobody(client: Client) -> None:
    client.force_login(User.objects.create_superuser("owner"))
    for path in ("/admin/", "/admin/subscriptions/subscriber/", "/admin/second-factor/"):
        assert "no-store" in client.get(path).headers["Cache-Control"], path


def test_a_readers_cookie_goes_to_their_own_pages_by_tls_alone(client: Client, ada: Subscription) -> None:
    account.send_link("ada@example.org", timezone.now())
    answer = client.post(tokens.notice_path(Notice.objects.get()))
    cookie = answer.cookies[sessions.COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Strict", "/you/")
    assert cookie["max-age"] == 1800


def test_the_cookies_of_the_admin_go_by_tls_alone(client: Client) -> None:
    User.objects.create_superuser("owner", password="a long enough password")
    page = client.get("/admin/login/", secure=True)
    answer = client.post("/admin/login/", {"username": "owner", "password": "a long enough password"}, secure=True)
    session = answer.cookies["sessionid"]
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
    assert page.cookies["csrftoken"]["secure"] is True


def test_pages_for_everyone_set_no_cookie(client: Client, ada: Subscription) -> None:
    for path in PUBLIC:
        assert not client.get(path).cookies, path
