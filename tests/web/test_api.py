"""The JSON interface: what its document promises holds, for whatever is asked."""

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import Case

from digest.api import cursors
from digest.api.cursors import BadCursor, Cursor
from digest.models import Paper
from digest.wsgi import application
from tests.web import cast
from tests.web.cast import DAY, FRIDAY

pytestmark = pytest.mark.django_db
document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


@pytest.fixture(autouse=True)
def _site() -> Iterator[None]:
    cast.site()
    # As Django's own test client does: a request must not end the connection whose transaction holds the test's rows.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@document.parametrize()
@settings(max_examples=25, derandomize=True, deadline=None)
def test_every_answer_is_as_the_document_says(case: Case[Any]) -> None:
    # The client of WSGI applications unpacks nothing.
    case.call_and_validate(headers={"Accept-Encoding": "identity"})


def _get(client: Client, path: str, status: int = 200) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == status, answer.content
    return dict(json.loads(answer.content))


def _titles(answer: dict[str, Any]) -> list[str]:
    return [each["title"] for each in answer["papers"]]


def test_papers_go_on_from_cursors_each_once_the_newest_first(client: Client) -> None:
    for number in range(7):
        cast.paper(f"Same hour {number}", announced_at=FRIDAY + DAY)
    path: str | None = "/api/v1/papers?limit=3"
    titles: list[str] = []
    while path:
        answer = _get(client, path)
        titles += _titles(answer)
        path = answer["next"]
    assert titles == [f"Same hour {number}" for number in range(6, -1, -1)] + [
        "Soft robots",
        "Koopman <learning> & chaotic flows",
        "Older robots",
        "Quiet koopman learning",
    ]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("topic=koopman", ["Koopman <learning> & chaotic flows", "Quiet koopman learning"]),
        ("author=Grace Hopper", ["Koopman <learning> & chaotic flows"]),
        ("category=cs.LG", ["Koopman <learning> & chaotic flows"]),
        ("picked=true", ["Koopman <learning> & chaotic flows"]),
        ("picked=false&since=2026-03-12", ["Soft robots"]),
        ("until=2026-03-10", ["Older robots", "Quiet koopman learning"]),
        ("since=2026-04-01", []),
    ],
)
def test_papers_are_filtered(client: Client, query: str, titles: list[str]) -> None:
    assert _titles(_get(client, f"/api/v1/papers?{query}")) == titles


def test_a_paper_says_everything_and_a_merged_one_leads_to_it(client: Client) -> None:
    whole = cast.paper("Whole", abstract_source="$x$", withdrawn_at=FRIDAY)
    gone = cast.paper("Gone", merged_into=whole)
    answer = _get(client, f"/api/v1/papers/{whole.pk}")
    assert answer["abstract_tex"] == "$x$"
    assert answer["withdrawn_at"]
    assert answer["page"] == f"https://papers.example.org/papers/{whole.pk}/"
    moved = client.get(f"/api/v1/papers/{gone.pk}")
    assert (moved.status_code, moved.headers["Location"]) == (301, f"/api/v1/papers/{whole.pk}")


def test_a_trending_list_is_ordered_as_of_one_instant_on_all_its_parts(client: Client) -> None:
    answer = _get(client, "/api/v1/trending?period=2026-W11&limit=1")
    assert answer["total"] == 3
    assert _titles(answer) == ["Koopman <learning> & chaotic flows"]
    following = _get(client, answer["next"])
    assert _titles(following) == ["Older robots"]
    assert following["at"] == answer["at"]


def test_the_search_mends_what_was_misspelled_and_says_where_it_matched(client: Client) -> None:
    answer = _get(client, "/api/v1/search?q=kopman&until=2026-03-01")
    assert answer["corrected"] == "koopman"
    assert _titles(answer) == ["Quiet koopman learning"]
    assert answer["papers"][0]["matched"]
    assert _get(client, "/api/v1/search?q=nothing+like+it")["papers"] == []


def test_papers_near_a_paper_are_named(client: Client) -> None:
    whole = Paper.objects.get(upvotes=12)
    assert _titles(_get(client, f"/api/v1/papers/{whole.pk}/related")) == ["Quiet koopman learning"]


def test_what_trends_now_covers_seven_days(client: Client) -> None:
    cast.paper("Today", announced_at=timezone.now() - dt.timedelta(hours=1))
    assert _titles(_get(client, "/api/v1/trending")) == ["Today"]


@pytest.mark.parametrize(
    ("path", "status", "where"),
    [
        ("papers/99999", 404, None),
        ("papers/0", 422, "paper_id"),
        ("papers?limit=1000", 422, "limit"),
        ("papers?since=yesterday", 422, "since"),
        ("papers?author=%00", 422, "author"),
        ("papers?cursor=bm9uc2Vuc2U", 404, "cursor"),
        ("papers?topic=astrology", 404, None),
        ("topics/astrology", 404, None),
        ("search", 422, "q"),
        ("search?q=x&cursor=9", 422, "cursor"),
        ("trending?period=2026-W54", 404, "period"),
        ("trending?period=monday", 422, "period"),
        ("nothing-here", 404, None),
    ],
)
def test_errors_say_what_is_wrong_and_where(client: Client, path: str, status: int, where: str | None) -> None:
    answer = _get(client, f"/api/v1/{path}", status)
    assert answer["error"]
    assert answer["where"] == where


def test_nothing_can_be_written(client: Client) -> None:
    for path in ("papers", "topics", "trending", "openapi.json"):
        answer = client.post(f"/api/v1/{path}", {})
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert json.loads(answer.content)["error"]


def test_answers_are_open_to_every_origin_and_not_sent_twice(client: Client) -> None:
    first = client.get("/api/v1/topics")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = client.get("/api/v1/topics", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head("/api/v1/topics")
    assert (head.status_code, head.headers["ETag"]) == (200, first.headers["ETag"])


def test_the_interface_has_a_page_for_people(client: Client) -> None:
    page = client.get("/api/").content.decode()
    for path in ("/api/v1/papers", "/api/v1/topics/{slug}", "/api/v1/trending"):
        assert f"GET {path}" in page


@given(st.integers(-(10**17), 10**17), st.integers(0, 10**17))
def test_a_cursor_reads_back_as_it_was(at: int, number: int) -> None:
    assert cursors.read(str(Cursor(at, number))) == (at, number)


@given(st.text(max_size=40))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with contextlib.suppress(BadCursor):
        assert str(cursors.read(text)) == text
