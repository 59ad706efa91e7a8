"""Public pages: kept for some seconds, validated, compressed; everybody else's pages are not."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from django.db import connection
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from digest import cached, trending
from subscriptions.sessions import COOKIE
from tests.web import cast

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _kept(settings: Settings) -> Iterator[None]:
    settings.PUBLIC_PAGES_SECONDS = 60
    cached.shelf.clear()
    yield
    cached.shelf.clear()


def _said(answer: HttpResponseBase) -> dict[str, str]:
    """The headers of an answer but the one that names this very request."""
    return {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}


def test_a_kept_page_asks_the_database_nothing(client: Client) -> None:
    first = client.get("/")
    with CaptureQueriesContext(connection) as asked:
        again = client.get("/")
    assert again.content == first.content
    assert _said(again) == _said(first)
    assert len(asked) == 0


def test_pages_of_other_addresses_and_orders_are_others(client: Client) -> None:
    cast.site()
    pages = {path: client.get(path).content for path in ("/papers/2026-03", "/papers/2026-03?order=newest", "/papers/2026-02")}
    assert len(set(pages.values())) == 3
    assert {path: client.get(path).content for path in pages} == pages


def test_once_its_seconds_are_over_a_page_is_made_anew(client: Client, settings: Settings) -> None:
    client.get("/papers/2026-03")
    cast.site()
    assert b"Soft robots" not in client.get("/papers/2026-03").content
    settings.PUBLIC_PAGES_SECONDS = 0
    assert b"Soft robots" in client.get("/papers/2026-03").content


def test_a_page_that_fails_is_stood_in_for_by_the_one_before(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.raise_request_exception = False
    before = client.get("/papers/2026-03").content
    settings.PUBLIC_PAGES_SECONDS = 1e-9
    monkeypatch.setattr(trending, "ordered", None)
    assert client.get("/papers/2026-03").content == before
    assert client.get("/papers/2026-02").status_code == 500


def test_a_page_that_is_known_is_not_sent_again(client: Client) -> None:
    first = client.get("/topics/")
    for known in (first.headers["ETag"], f'"x", {first.headers["ETag"]}', "*", first.headers["ETag"].removeprefix("W/")):
        again = client.get("/topics/", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert "default-src" in again.headers["Content-Security-Policy"]
    assert client.get("/topics/", headers={"If-None-Match": 'W/"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"), ("identity", None), ("", None)],
)
def test_pages_are_compressed_as_the_browser_takes_them(client: Client, accepted: str, coding: str | None) -> None:
    plain = client.get("/topics/", headers={"Accept-Encoding": "identity"}).content
    answer = client.get("/topics/", headers={"Accept-Encoding": accepted})
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert unpack(answer.content) == plain
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_head_says_what_get_would(client: Client) -> None:
    shown, head = client.get("/topics/"), client.head("/topics/")
    assert head.content == b""
    assert _said(head) == _said(shown)


def test_readers_with_a_session_and_pages_that_name_someone_are_kept_by_nobody(client: Client) -> None:
    client.cookies[COOKIE] = "anything"
    assert client.get("/").headers["Cache-Control"] == "private, no-cache"
    with CaptureQueriesContext(connection) as asked:
        client.get("/")
    assert len(asked) > 0
    for path in ("/you/", "/preferences/", "/subscribe/", "/confirm/x/", "/unsubscribe/x/"):
        assert "no-store" in client.get(path).headers["Cache-Control"]


def test_a_foreign_host_gets_nothing_that_is_kept(client: Client) -> None:
    client.get("/")
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_what_is_kept_has_a_limit() -> None:
    cached.shelf.clear()
    client, small = Client(), cached.Shelf(60_000)
    for number in range(50):
        small.put(f"/{number}", cached.Kept(client.get("/topics/")))  # type: ignore[arg-type]  # what Django's client returns
    assert small.get("/0", 0.0) is None
    assert small.get("/49", 0.0) is not None


_WITHOUT_A_DATABASE = """
import os
os.environ["DATABASE_URL"] = "postgres://nobody@127.0.0.1:9/none"
import django
django.setup()
from django.http.response import HttpResponseBase
from django.test import Client
client = Client(raise_request_exception=False, headers={"host": "127.0.0.1"})
for path in ("/no-such-page/", "/", "/papers/1/", "/api/v1/nothing", "/api/v1/topics"):
    answer = client.get(path)
    print(path, answer.status_code, answer.headers["Content-Type"], b"masthead" in answer.content, b'"error"' in answer.content)
"""


def test_what_is_missing_and_what_fails_have_their_pages_without_a_database() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_A_DATABASE],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "digest.settings"},
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    assert done.stdout.splitlines() == [
        "/no-such-page/ 404 text/html; charset=utf-8 True False",
        "/ 500 text/html; charset=utf-8 True False",
        "/papers/1/ 500 text/html; charset=utf-8 True False",
        "/api/v1/nothing 404 application/json False True",
        "/api/v1/topics 500 application/json False True",
    ]
