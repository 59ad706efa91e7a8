"""The whole form: topics looked for, a digest looked at before an address is given, and everything it asks."""

import datetime as dt

import pytest
from django.test import Client
from pytest_django import Settings

from digest import previews
from digest.models import Paper
from subscriptions import door, forms, limits, tokens
from subscriptions.models import Request, Subscription, Topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    limits.client(settings.REDIS_URL).flushdb()
    monkeypatch.setattr(forms, "QUICKEST", dt.timedelta(0))
    previews.forget()


def _paper(title: str, abstract: str) -> Paper:
    at = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    return Paper.objects.create(title=title, abstract=abstract, title_source=title, announced_at=at, listed_at=at, upvotes=3)


def _opened() -> str:
    return tokens.sign(tokens.Scope.FORM, int(dt.datetime.now(dt.UTC).timestamp()))


def test_everything_the_form_asks_reaches_the_digest(topics: list[Topic], client: Client) -> None:
    asked = {
        "address": "grace@example.org",
        "interests": "wavelets, how robots learn from people who show them",
        "topics": ["koopman"],
        "authors": "Lovelace, Ada\nEmmy Noether",
        "never": "survey, benchmark",
        "cadence": "monthly",
        "weekday": "4",
        "hour": "18",
        "time_zone": "Asia/Tokyo",
        "size": "7",
        "minutes": "15",
        "format": "text",
        "opened": _opened(),
        "do": "subscribe",
    }
    assert "Check your inbox" in client.post("/subscribe/", asked).content.decode()
    door.answer(dt.datetime.now(dt.UTC), 10)
    digest = Subscription.objects.select_related("subscriber").get()
    assert (digest.cadence, digest.weekday, digest.hour, digest.subscriber.time_zone) == ("monthly", 4, 18, "Asia/Tokyo")
    assert (digest.size, digest.minutes, digest.format) == (7, 15, "text")
    assert sorted(digest.interests.values_list("kind", "topic__slug", "value", "excluded")) == [
        ("author", None, "Emmy Noether", False),
        ("author", None, "Lovelace, Ada", False),
        ("keyword", None, "benchmark", True),
        ("keyword", None, "survey", True),
        ("keyword", None, "wavelets", False),
        ("text", None, "how robots learn from people who show them", False),
        ("topic", "koopman", "", False),
    ]


def test_looking_for_topics_keeps_what_is_ticked_and_typed_and_asks_for_nothing(topics: list[Topic], client: Client) -> None:
    typed = {"address": "gra", "topics": ["koopman"], "authors": "Ada Lovelace", "find": "ROBÖT", "do": "find"}
    page = client.post("/subscribe/", typed).content.decode()
    assert "1 topic has “ROBÖT”" in page
    assert 'value="robot-learning"' in page
    assert "Chosen already" in page
    assert 'value="koopman" checked' in page
    assert "Ada Lovelace" in page
    assert 'value="gra"' in page
    assert "does not look like" not in page
    assert not Request.objects.exists()


def test_enter_in_the_box_that_looks_for_topics_signs_nobody_up(topics: list[Topic], client: Client) -> None:
    typed = {"address": "grace@example.org", "find": "falconry", "opened": _opened()}
    page = client.post("/subscribe/", typed).content.decode()
    assert "0 topics have “falconry”" in page
    assert not Request.objects.exists()


def test_a_topic_s_page_offers_itself(topics: list[Topic], client: Client) -> None:
    assert 'value="koopman" checked' in client.get("/subscribe/?topic=koopman").content.decode()


def test_a_preview_shows_this_week_s_digest_with_reasons_and_writes_nothing(topics: list[Topic], client: Client) -> None:
    lifted = _paper("Koopman operators for control", "We lift nonlinear dynamics by Koopman operators.")
    _paper("Falcons", "Of birds.")
    lifted.paper_topics.create(topic=topics[1], score=0.9)
    typed = {"interests": "Koopman operators", "topics": ["koopman"], "address": "grace@", "size": "3"}
    page = client.post("/subscribe/preview/", typed).content.decode()
    assert "This week’s digest, as you would get it" in page
    assert "2 new papers this week" in page
    assert f"/papers/{lifted.pk}/" in page
    assert 'class="why"' in page
    assert "The first digest would arrive" in page
    assert 'value="grace@"' in page
    assert not Request.objects.exists()


def test_a_preview_leaves_out_what_is_never_to_be_shown(topics: list[Topic], client: Client) -> None:
    _paper("A survey of wavelets", "Wavelets, surveyed.")
    shown = client.post("/subscribe/preview/", {"interests": "wavelets"}).content.decode()
    hidden = client.post("/subscribe/preview/", {"interests": "wavelets", "never": "survey"}).content.decode()
    assert "A survey of wavelets" in shown
    assert "A survey of wavelets" not in hidden


def test_a_preview_says_when_there_is_nothing(topics: list[Topic], client: Client) -> None:
    assert "No paper has come in this week" in client.post("/subscribe/preview/", {}).content.decode()
    previews.forget()
    _paper("Wavelets", "On wavelets.")
    page = client.post("/subscribe/preview/", {"interests": "falconry"}).content.decode()
    assert "None of the 1 papers of this week matches that" in page


def test_a_preview_without_wishes_goes_by_what_is_trending(topics: list[Topic], client: Client) -> None:
    _paper("Wavelets", "On wavelets.")
    assert "by what is trending" in client.post("/subscribe/preview/", {}).content.decode()


def test_what_a_preview_cannot_use_is_explained(topics: list[Topic], client: Client) -> None:
    answer = client.post("/subscribe/preview/", {"size": "0"})
    assert answer.status_code == 422
    assert "from 1 to 50" in answer.content.decode()


def test_previews_are_limited_and_for_our_own_pages(topics: list[Topic], client: Client, settings: Settings) -> None:
    assert client.get("/subscribe/preview/").headers["Location"] == "/subscribe/"
    assert client.post("/subscribe/preview/", {}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    settings.REQUESTS_PER_NETWORK_AND_HOUR = 1
    assert [client.post("/subscribe/preview/", {}).status_code for _ in range(3)] == [200, 200, 429]


def test_the_box_on_the_first_page_takes_the_browser_s_zone_and_a_topic(topics: list[Topic], client: Client) -> None:
    box = {"address": "Grace@Example.org", "website": "", "topics": "koopman", "time_zone": "Asia/Tokyo", "opened": _opened()}
    page = client.post("/subscribe/", box).content.decode()
    assert "07:00 in Asia/Tokyo" in page
    door.answer(dt.datetime.now(dt.UTC), 10)
    digest = Subscription.objects.select_related("subscriber").get()
    assert (digest.subscriber.address, digest.subscriber.time_zone) == ("Grace@example.org", "Asia/Tokyo")
    assert [row.topic and row.topic.slug for row in digest.interests.all()] == ["koopman"]


@pytest.mark.parametrize(
    "wrong", [{"time_zone": "Mars/Olympus"}, {"topics": "falconry"}, {"address": "grace@"}, {"opened": "x"}]
)
def test_what_is_wrong_in_the_box_is_explained_by_the_form(topics: list[Topic], client: Client, wrong: dict[str, str]) -> None:
    answer = client.post("/subscribe/", {"address": "grace@example.org", "topics": "koopman", "opened": _opened()} | wrong)
    assert answer.status_code == 422
    assert not Request.objects.exists()
