"""A token of one scope, on the page of every other: the page of dead links, and nothing happens."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from digest import issues, papers
from digest.models import Feedback, Paper, Source
from digest.sources.entries import Entry
from subscriptions import account, consent, sessions, tokens
from subscriptions.models import Notice, Subscriber, Subscription
from subscriptions.tokens import Scope
from tests.issues.cast import MONDAY, digest_for, reader

pytestmark = pytest.mark.django_db
# Where a token of each scope belongs; those that are no address (a form's age, a proof, an undoing) have none.
PAGES = {
    Scope.UNSUBSCRIBE: ("/unsubscribe/{}/",),
    Scope.MESSAGE: ("/preferences/{}/", "/feedback/{}/1/more/", "/feedback/{}/interest/1/", "/sample/{}/"),
    Scope.CONFIRM: ("/confirm/{}/",),
    Scope.LINK: ("/session/{}/",),
    Scope.ADDRESS: ("/address/{}/",),
    Scope.ISSUE: ("/issues/{}/",),
    Scope.FEED: ("/feeds/{}/digest.atom", "/feeds/{}/digest.json"),
}
OWN = ("/you/", "/you/issues/", "/you/saved/", "/you/votes/", "/you/feeds/", "/you/address/", "/you/erase/", "/submit/")


@pytest.fixture
def good() -> dict[Scope, str]:
    """A token of each scope that opens its own page: all of one reader, whose every row has the number 1 where it can."""
    source = Source.objects.create(slug="s", name="S", format=Source.Format.SYNDICATION)
    papers.store([Entry(title="A title", abstract="Words.", doi="10.1/x", announced_at=MONDAY)], source, MONDAY)
    now = timezone.now()
    ada = digest_for(reader())
    published = issues.publish([ada.pk], MONDAY + dt.timedelta(hours=1))
    link = account.send_link("ada@example.org", now).notice
    address = account.ask_address(ada.subscriber, "ada@example.net", now).notice
    asked = consent.subscribe(consent.SignUp("grace@example.org"), now).notice
    assert link
    assert address
    assert asked
    generation = ada.subscriber.token_generation
    return {
        Scope.UNSUBSCRIBE: tokens.sign(Scope.UNSUBSCRIBE, ada.pk),
        Scope.MESSAGE: tokens.message_token(ada.pk, generation),
        Scope.CONFIRM: _token(asked),
        Scope.LINK: _token(link),
        Scope.ADDRESS: _token(address),
        Scope.SESSION: sessions.start(ada.subscriber, now),
        Scope.ISSUE: tokens.sign(Scope.ISSUE, published.issues[0], generation),
        Scope.FEED: tokens.feed_path(ada.pk, ada.feed_generation, "atom").split("/")[2],
        Scope.UNDO: tokens.sign(Scope.UNDO, ada.pk, generation),
        Scope.FORM: tokens.sign(Scope.FORM, int(now.timestamp()) - 60),
        Scope.PROOF: sessions.proof(sessions.start(ada.subscriber, now)),
    }


def _token(notice: Notice) -> str:
    return tokens.notice_path(notice).split("/")[2]


def _at(path: str, token: str) -> str:
    return path.format(token).replace("/1/more/", f"/{Paper.objects.get().pk}/more/")


def _everything() -> list[object]:
    """What a page could have changed."""
    return [list(model.objects.order_by("pk").values()) for model in (Subscriber, Subscription, Notice, Feedback)]


def test_each_token_opens_its_own_pages(client: Client, good: dict[Scope, str]) -> None:
    for scope, paths in PAGES.items():
        for path in paths:
            expected = 404 if "interest" in path else 200
            answer = client.get(_at(path, good[scope]))
            assert answer.status_code in {200, expected}, path


@pytest.mark.parametrize("signed", Scope)
def test_a_token_opens_no_page_of_another_scope_and_changes_nothing_there(
    client: Client, good: dict[Scope, str], signed: Scope
) -> None:
    before = _everything()
    for scope, paths in PAGES.items():
        if scope is signed:
            continue
        for path in paths:
            at = _at(path, good[signed])
            assert client.get(at).status_code == 404, at
            for typed in (
                {},
                {"List-Unsubscribe": "One-Click"},
                {"do": "all"},
                {"do": "undo", "kind": "keyword", "value": "x"},
            ):
                assert client.post(at, typed).status_code in {404, 405}, at
    assert _everything() == before


@pytest.mark.parametrize("signed", [each for each in Scope if each is not Scope.SESSION])
def test_no_other_token_is_a_session(client: Client, good: dict[Scope, str], signed: Scope) -> None:
    client.cookies[sessions.COOKIE] = good[signed]
    for path in OWN:
        assert "ada@example.org" not in client.get(path, follow=True).content.decode(), path
    assert sessions.find(good[signed], timezone.now()) is None
    client.cookies[sessions.COOKIE] = good[Scope.SESSION]
    assert "ada@example.org" in client.get("/you/").content.decode()


@pytest.mark.parametrize("signed", [each for each in Scope if each is not Scope.PROOF])
def test_no_other_token_proves_that_a_form_is_the_sessions_own(client: Client, good: dict[Scope, str], signed: Scope) -> None:
    client.cookies[sessions.COOKIE] = good[Scope.SESSION]
    before = _everything()
    for path in ("/you/erase/", "/you/address/", "/you/feeds/", "/you/digests/new/"):
        client.post(path, {"proof": good[signed], "address": "eve@example.net", "digest": "1", "sure": "yes"})
    assert _everything() == before


@pytest.mark.parametrize("signed", [each for each in Scope if each is not Scope.FORM])
def test_no_other_token_tells_when_a_form_was_opened(client: Client, good: dict[Scope, str], signed: Scope) -> None:
    answer = client.post("/subscribe/", {"address": "lise@example.org", "opened": good[signed]})
    assert answer.status_code == 422
