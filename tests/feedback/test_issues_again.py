"""Issues after they were mailed: in the browser, in the archive, in the private feed."""

import datetime as dt
import json
from xml.etree import ElementTree

import pytest
from django.test import Client

from digest.models import Issue, Paper
from subscriptions import tokens
from subscriptions.models import Subscriber, Subscription
from tests.web.test_defences import live
from tests.web.vectors import VECTORS

from . import cast

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
_ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def issue(ada: Subscription, lifted: Paper, routed: Paper, now: dt.datetime) -> Issue:
    return cast.issue(ada, [lifted, routed], now - DAY)


def test_an_issue_is_shown_as_it_was_mailed_and_kept_by_nobody(issue: Issue, client: Client) -> None:
    answer = client.get(tokens.issue_path(issue.pk, 0))
    page = answer.content.decode()
    assert "Koopman operators for control" in page
    assert "Grace Hopper" in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert client.post(tokens.issue_path(issue.pk, 0)).status_code == 405


def test_only_the_reader_s_own_link_opens_an_issue(issue: Issue, client: Client) -> None:
    message = tokens.message_token(issue.pk, 0)
    for path in ("/issues/x/", f"/issues/{message}/", tokens.issue_path(issue.pk + 1, 0), tokens.issue_path(issue.pk, 1)):
        assert client.get(path).status_code == 404
    Subscriber.objects.update(token_generation=1)
    assert client.get(tokens.issue_path(issue.pk, 0)).status_code == 404
    assert client.get(tokens.issue_path(issue.pk, 1)).status_code == 200


def test_an_issue_without_papers_has_no_page(ada: Subscription, client: Client, now: dt.datetime) -> None:
    empty = cast.issue(ada, [], now, number=None)
    assert client.get(tokens.issue_path(empty.pk, 0)).status_code == 404


def test_an_issue_is_still_read_after_its_digest_has_stopped(issue: Issue, client: Client, now: dt.datetime) -> None:
    Subscription.objects.update(ended_at=now, next_issue_at=None)
    assert client.get(tokens.issue_path(issue.pk, 0)).status_code == 200


def test_the_archive_lists_one_s_own_issues_the_newest_first(
    inside: Client, issue: Issue, ada: Subscription, lifted: Paper, now: dt.datetime
) -> None:
    later = cast.issue(ada, [lifted], now, number=2)
    grace = cast.issue(cast.ada(now, "grace@example.org"), [lifted], now)
    page = inside.get("/you/issues/").content.decode()
    assert page.index(tokens.issue_path(later.pk, 0)) < page.index(tokens.issue_path(issue.pk, 0))
    assert tokens.issue_path(grace.pk, 0) not in page
    other = inside.get(f"/you/issues/?digest={grace.subscription_id}").content.decode()
    assert tokens.issue_path(grace.pk, 0) not in other


def test_a_long_archive_is_turned_page_by_page(inside: Client, ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    for number in range(1, 52):
        cast.issue(ada, [lifted], now - number * DAY, number=number)
    assert "Page 1 of 2" in inside.get("/you/issues/").content.decode()
    assert "no. 51" in inside.get("/you/issues/?page=2").content.decode()


def test_the_feeds_hold_the_newest_issues_with_their_reasons(issue: Issue, ada: Subscription, client: Client) -> None:
    answer = client.get(tokens.feed_path(ada.pk, 0, "atom"))
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    feed = ElementTree.fromstring(answer.content)  # noqa: S314 - our own words
    [entry] = feed.findall(f"{_ATOM}entry")
    assert "Koopman operators for control" in (entry.findtext(f"{_ATOM}summary") or "")
    told = json.loads(client.get(tokens.feed_path(ada.pk, 0, "json")).content)
    [item] = told["items"]
    assert item["id"] == entry.findtext(f"{_ATOM}id")
    assert item["url"].endswith(tokens.issue_path(issue.pk, 0))
    assert "in your topic Koopman operators" in item["content_html"]
    assert "ada@example.org" not in json.dumps(told)


def test_what_a_paper_says_stays_text_in_a_feed(ada: Subscription, client: Client, now: dt.datetime) -> None:
    cast.issue(ada, [cast.paper("On <script>alert(1)</script>", "If a < b & c.", now)], now - DAY)
    [item] = json.loads(client.get(tokens.feed_path(ada.pk, 0, "json")).content)["items"]
    assert "<script>" not in item["content_html"]
    assert "a &lt; b &amp; c" in item["content_html"]


def test_hostile_words_stay_text_in_every_part_of_a_feed(ada: Subscription, client: Client, now: dt.datetime) -> None:
    """A reader of feeds shows an item's HTML: whatever a paper says of itself is text in it."""
    for number, vector in enumerate(VECTORS[:30]):
        said = vector.replace("\0", "")
        made = cast.paper(f"Paper {number}", "Words.", now)
        Paper.objects.filter(pk=made.pk).update(title=said, abstract=said, authors=[said])
        cast.issue(ada, [made], now - DAY + dt.timedelta(minutes=number), number=number + 1)
        [newest, *_] = json.loads(client.get(tokens.feed_path(ada.pk, 0, "json")).content)["items"]
        feed = ElementTree.fromstring(client.get(tokens.feed_path(ada.pk, 0, "atom")).content)  # noqa: S314 - our own words
        entry = feed.find(f"{_ATOM}entry")
        assert entry is not None
        for shown in (newest["content_html"], entry.findtext(f"{_ATOM}summary") or ""):
            assert live(shown, {"ol", "li", "p", "a", "em"}) == []


def test_a_new_feed_address_revokes_the_old_one(inside: Client, issue: Issue, ada: Subscription, client: Client) -> None:
    old = tokens.feed_path(ada.pk, 0, "atom")
    assert old in inside.get("/you/feeds/").content.decode()
    page = inside.post("/you/feeds/", {"proof": cast.proof(inside), "digest": str(ada.pk)}).content.decode()
    assert tokens.feed_path(ada.pk, 1, "atom") in page
    assert client.get(old).status_code == 404
    assert client.get(tokens.feed_path(ada.pk, 1, "json")).status_code == 200


def test_nobody_renews_the_feed_of_another(inside: Client, ada: Subscription, now: dt.datetime) -> None:
    grace = cast.ada(now, "grace@example.org")
    inside.post("/you/feeds/", {"proof": cast.proof(inside), "digest": str(grace.pk)})
    grace.refresh_from_db()
    assert grace.feed_generation == 0


def test_a_stopped_digest_has_no_feed_any_more(issue: Issue, ada: Subscription, client: Client, now: dt.datetime) -> None:
    Subscription.objects.update(ended_at=now, next_issue_at=None)
    for form in ("atom", "json"):
        assert client.get(tokens.feed_path(ada.pk, 0, form)).status_code == 404
