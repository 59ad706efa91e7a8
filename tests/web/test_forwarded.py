"""What a request says of the host it was sent to (Host, X-Forwarded-Host and their kin) leads nowhere: SITE_URL alone does.

`Host` is refused unless it is ours. The others are what proxies add, and anyone can send them: they are not even looked at.
"""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from digest import issues, notices, papers
from digest.models import Delivery, Source
from digest.sources.entries import Entry
from subscriptions import account, consent, door, limits, tokens
from subscriptions.models import Notice, Subscriber, Subscription, Topic
from tests.issues.cast import MONDAY, digest_for, reader

pytestmark = pytest.mark.django_db
EVIL = "evil.example"
CLAIMS = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Host": EVIL,
    "X-Original-Host": EVIL,
    "X-HTTP-Host-Override": EVIL,
    "X-Original-URL": f"https://{EVIL}/",
    "X-Rewrite-URL": f"https://{EVIL}/",
    "X-Forwarded-Prefix": f"//{EVIL}",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Proto": "http",
    "Forwarded": f"for=192.0.2.1;host={EVIL};proto=http",
}
CLAIM = pytest.mark.parametrize("header", CLAIMS)


@pytest.fixture
def ada() -> Subscription:
    source = Source.objects.create(slug="s", name="S", format=Source.Format.SYNDICATION)
    Topic.objects.create(slug="koopman", name="Koopman operators", field="Mathematics", description="Linear dynamics.")
    papers.store([Entry(title="A title", abstract="Words.", doi="10.1/x", announced_at=MONDAY)], source, MONDAY)
    return digest_for(reader())


def _paths(ada: Subscription) -> list[str]:
    generation = ada.subscriber.token_generation
    published = issues.publish([ada.pk], MONDAY + dt.timedelta(hours=1))
    return [
        "/", "/?order=newest", "/subscribe/", "/preferences/", "/you/", "/topics/", "/topics/koopman/", "/trending/",
        "/trending.atom", "/topics/koopman/papers.atom", "/search/?q=title", "/api/v1/papers", "/api/v1/topics",
        "/arxiv/2603.00001", "/papers/2026-03", "/papers/2026-03/", "/no-such-page/", "/admin/", "/admin/login/",
        "/favicon.ico",
        tokens.unsubscribe_path(ada.pk), tokens.preferences_path(ada.pk, generation),
        tokens.issue_path(published.issues[0], generation), tokens.feed_path(ada.pk, ada.feed_generation, "atom"),
        tokens.feed_path(ada.pk, ada.feed_generation, "json"),
    ]  # fmt: skip


def _told(client: Client, path: str, **headers: str) -> tuple[int, str, bytes]:
    """The answer without what is different each time: when it was made, and the moment a form was opened."""
    answer = client.get(path, headers=headers)
    return answer.status_code, answer.headers.get("Location", ""), answer.content


@CLAIM
def test_a_claim_about_the_host_changes_no_answer(client: Client, ada: Subscription, header: str, settings: Settings) -> None:
    settings.PUBLIC_PAGES_SECONDS = 0
    for path in _paths(ada):
        plain, claimed = _told(client, path), _told(client, path, **{header: CLAIMS[header]})
        assert claimed[:2] == plain[:2], path
        assert EVIL.encode() not in claimed[2], path
        assert b":666" not in claimed[2], path


@CLAIM
def test_a_claim_about_the_host_is_not_even_an_error(client: Client, ada: Subscription, header: str) -> None:
    """A site that believed it would answer 400, for the host is not ours."""
    assert client.get("/", headers={header: CLAIMS[header]}).status_code == 200


@CLAIM
def test_a_claim_about_the_host_makes_no_form_of_another_site_ours(client: Client, header: str) -> None:
    for path in ("/subscribe/", "/preferences/"):
        headers = {header: CLAIMS[header], "Origin": f"https://{EVIL}"}
        assert client.post(path, {"address": "ada@example.org"}, headers=headers).status_code == 403
        assert (
            client.post(path, {"address": "ada@example.org"}, headers={**headers, "Origin": f"http://{EVIL}"}).status_code
            == 403
        )
    User.objects.create_superuser("owner", password="a long enough password")
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/admin/login/", secure=True)
    typed = {"username": "owner", "password": "a long enough password", "csrfmiddlewaretoken": page.cookies["csrftoken"].value}
    headers = {header: CLAIMS[header], "Origin": f"https://{EVIL}"}
    assert strict.post("/admin/login/", typed, secure=True, headers=headers).status_code == 403


@CLAIM
def test_links_in_messages_come_from_site_url_whatever_was_claimed(
    client: Client, ada: Subscription, header: str, settings: Settings
) -> None:
    """All the way from a request to each kind of message that it can bring about."""
    limits.client(settings.REDIS_URL).flushdb()
    claim = {header: CLAIMS[header]}
    now = timezone.now()
    opened = tokens.sign(tokens.Scope.FORM, int(now.timestamp()) - 60)
    for path, address in (
        ("/subscribe/", "grace@example.org"),
        ("/subscribe/", "ada@example.org"),
        ("/preferences/", "lise@example.org"),
    ):
        posted = {"address": address, "cadence": "weekly", "opened": opened}
        assert client.post(path, posted, headers=claim).status_code == 200
    assert door.answer(now, 10).mailed == 2
    account.ask_address(ada.subscriber, "ada@example.net", now)
    written = [notices.render(each) for each in Notice.objects.all()]
    assert len({each.kind for each in Notice.objects.all()}) == 3
    published = issues.publish([ada.pk], MONDAY + dt.timedelta(hours=1))
    mailed = issues.messages_for(list(Delivery.objects.filter(issue__in=published.issues)), MONDAY).values()
    said = [each.text + (each.html or "") for each in written] + [each.content.decode() for each in mailed]
    assert said
    for each in said:
        assert EVIL not in each
        assert "https://papers.example.org/" in each
        assert "http://papers.example.org" not in each
        assert ":666" not in each


@CLAIM
def test_a_redirect_stays_on_the_site(client: Client, ada: Subscription, header: str) -> None:
    asked = consent.subscribe(consent.SignUp("ada@example.org"), timezone.now())
    assert asked.notice
    link = tokens.notice_path(asked.notice)
    answer = client.post(link, headers={header: CLAIMS[header]})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/you/")
    for path in ("/papers/2026-03/", "/favicon.ico", "/admin/", "/you/export/", "/subscribe/preview/"):
        assert client.get(path, headers={header: CLAIMS[header]}).headers.get("Location", "/").startswith("/")
    assert Subscriber.objects.count() == 1


def test_a_host_that_is_not_ours_is_refused_on_every_page(client: Client, ada: Subscription) -> None:
    for path in _paths(ada):
        answer = client.get(path, headers={"host": EVIL})
        assert answer.status_code == 400, path
        assert EVIL.encode() not in answer.content, path


@pytest.mark.parametrize(
    "host",
    [
        f"papers.example.org.{EVIL}", f"papers.example.org@{EVIL}", f"papers.example.org:80@{EVIL}",
        f"{EVIL}#papers.example.org", "papers.example.org/", "papers.example.org\\@evil.example", f" {EVIL}",
        ".papers.example.org",
    ],
)  # fmt: skip
def test_a_host_that_only_looks_like_ours_is_refused(client: Client, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 400
