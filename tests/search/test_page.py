"""The search page."""

import json
import re

import pytest
from django.test import Client

from digest import search
from digest.models import Paper
from tests.search.cast import KOOPMAN, library

pytestmark = pytest.mark.django_db


def _page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    assert len(response.content) < 60_000
    return response.content.decode()


def _text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def test_it_begins_with_a_question_and_topics(client: Client) -> None:
    library()
    page = _page(client, "/search/")
    assert 'role="search"' in page
    assert "Learning on graphs" in page


def test_misspelled_words_are_mended_and_the_way_back_is_offered(client: Client) -> None:
    library()
    page = _page(client, "/search/?q=kopman+learnig")
    assert "Showing results for koopman learning. Search instead for kopman learnig" in _text(page)
    assert "<mark>Koopman</mark> <mark>learning</mark>" in page
    assert "koopman for kopman" in _text(page)
    instead = re.search(r'href="(/search/\?[^"]*as_typed=1[^"]*)"', page)
    assert instead
    assert "Showing results for" not in _page(client, instead[1].replace("&amp;", "&"))


def test_limits_are_links_that_lift_them(client: Client) -> None:
    library()
    page = _page(client, "/search/?q=graph&topic=graphs&since=2026-03-01&until=2026-03-31&author=Byron")
    for lifted in ("in any topic", "by anyone", "from any day", "until today"):
        assert lifted in page
    assert "A survey of" in _text(page)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/search/?q=koopman&since=2026-13-01", "is no day"),
        ("/search/?q=koopman&since=2026-03-31&until=2026-03-01", "wrong way round"),
        ("/search/?q=koopman&topic=nonsense", "no such topic"),
        ("/search/?q=koopman&topic=%00", "no such topic"),
        ("/search/?q=koopman&page=nonsense", "does not exist"),
        ("/search/?q=-koopman", "only words to leave out"),
        ("/search/?q=zzzqqqxxx", "No papers were found"),
    ],
)
def test_what_cannot_be_used_is_said(client: Client, address: str, said: str) -> None:
    library()
    assert said in _text(_page(client, address))


@pytest.mark.parametrize(
    "typed", ["%00", "%3Cscript%3Ealert(1)%3C/script%3E", "x" * 3000, "%E6%9C%BA%E5%99%A8", "%22'%5C", "%F0%28"]
)
def test_any_question_has_a_page(client: Client, typed: str) -> None:
    library()
    page = _page(client, f"/search/?q={typed}")
    assert "<script>alert" not in page


def test_a_long_list_has_further_pages(client: Client) -> None:
    papers = [library()["koopman"]]
    for number in range(30):
        papers[0].pk, papers[0].title = None, f"Koopman {number}"
        papers[0].save()
    search.refresh_all()
    page = _page(client, "/search/?q=koopman")
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    second = _page(client, following[1].replace("&amp;", "&"))
    assert "Back to the first page" in second
    assert Paper.objects.count() == 35


def test_the_beginning_of_a_question_is_completed(client: Client) -> None:
    library()
    suggestions = json.loads(client.get("/search/suggest/?q=koop").content)["suggestions"]
    assert {"kind": "words", "text": "koopman", "url": "/search/?q=koopman"} in suggestions
    assert KOOPMAN in [each["text"] for each in suggestions if each["kind"] == "paper"]


def test_only_looking_is_allowed(client: Client) -> None:
    assert client.post("/search/?q=koopman").status_code == 405
