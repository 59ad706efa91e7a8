"""The site that everyone sees."""

import datetime as dt

import pytest
from django.test import Client

from digest.models import Paper

pytestmark = pytest.mark.django_db


def _paper(title: str, *, hours_ago: float = 1, upvotes: int = 0, **more: object) -> Paper:
    at = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours_ago)
    return Paper.objects.create(
        title=title, title_source=title, announced_at=at, listed_at=at, upvotes=upvotes, abstract="An abstract.", **more
    )


def test_the_first_page_shows_the_papers_of_the_week_by_upvotes(client: Client) -> None:
    _paper("Quiet", upvotes=1)
    _paper("Loud", hours_ago=100, upvotes=9)
    _paper("Old", hours_ago=24 * 8, upvotes=99)
    page = client.get("/").content.decode()
    assert page.index("Loud") < page.index("Quiet")
    assert "Old" not in page


def test_after_a_silence_the_latest_papers_are_shown_and_called_so(client: Client) -> None:
    _paper("Older", hours_ago=24 * 40)
    _paper("Last", hours_ago=24 * 30)
    page = client.get("/").content.decode()
    assert "The latest papers" in page
    assert "Last" in page
    assert "Older" not in page


def test_an_empty_site_says_so(client: Client) -> None:
    assert "No papers have arrived yet" in client.get("/").content.decode()


def test_a_paper_has_its_page_and_a_merged_one_leads_there(client: Client) -> None:
    paper = _paper("Koopman <operators>", authors=["Ada Lovelace"])
    merged = _paper("Koopman operators", merged_into=paper)
    page = client.get(f"/papers/{paper.pk}/").content.decode()
    assert "Koopman &lt;operators&gt;" in page
    assert client.get(f"/papers/{merged.pk}/").headers["Location"] == f"/papers/{paper.pk}/"
    assert client.get("/papers/0/").status_code == 404


def test_readers_of_the_site_get_no_cookie_and_load_nothing_from_elsewhere(client: Client) -> None:
    paper = _paper("Koopman operators")
    for path in ("/", f"/papers/{paper.pk}/", "/subscribe/", "/preferences/", "/no-such-page/"):
        answer = client.get(path)
        assert not answer.cookies
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert b"style=" not in answer.content
        assert b"onclick" not in answer.content
