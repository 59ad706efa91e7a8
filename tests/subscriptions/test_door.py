"""The door: what strangers may ask, how often, and what they learn from it."""

import datetime as dt

import pytest
from celery import current_app
from django.test import Client, TestCase
from pytest_django import Settings

from subscriptions import door, limits, suppression, tasks, tokens
from subscriptions.consent import SignUp
from subscriptions.models import Notice, Request, Subscriber, Subscription, Suppression, Topic

pytestmark = pytest.mark.django_db
SECOND, HOUR, DAY = dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(days=1)
NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture(autouse=True)
def _fresh_counters(settings: Settings) -> None:
    limits.client(settings.REDIS_URL).flushdb()


@pytest.fixture(params=["with Redis", "without Redis"])
def redis_or_not(request: pytest.FixtureRequest, settings: Settings) -> None:
    if request.param == "without Redis":
        settings.REDIS_URL = NOWHERE


def test_asking_writes_the_same_row_for_known_and_unknown_addresses(ada: Subscription, now: dt.datetime) -> None:
    for address in ("ada@example.org", "grace@example.org"):
        assert door.ask_to_sign_up(SignUp(address, network="192.0.2.0/24"), now).outcome == "taken"
    known, unknown = Request.objects.order_by("id").values("kind", "network", "wishes", "answered_at")
    assert known == unknown


def test_answers_differ_by_message_alone(ada: Subscription, now: dt.datetime) -> None:
    door.ask_to_sign_up(SignUp("ada@example.org", topics=("koopman",)), now)
    door.ask_to_sign_up(SignUp("grace@example.org", topics=("koopman",), keywords=("wavelets",), cadence="daily"), now)
    assert door.answer(now + SECOND, 10) == door.Answered(mailed=2)
    assert sorted(Notice.objects.filter(created_at=now + SECOND).values_list("subscriber__address", "kind")) == [
        ("ada@example.org", "magic-link"),
        ("grace@example.org", "confirmation"),
    ]
    grace = Subscription.objects.get(subscriber__address="grace@example.org")
    assert (grace.cadence, grace.interests.count()) == ("daily", 2)


def test_an_answered_request_keeps_no_address_and_goes_after_three_days(topics: list[Topic], now: dt.datetime) -> None:
    door.ask_to_sign_up(SignUp("grace@example.org", keywords=("wavelets",)), now)
    door.answer(now, 10)
    assert "grace" not in str(Request.objects.values().get())
    assert "wavelets" not in str(Request.objects.values().get())
    assert (door.forget(now + 3 * DAY - SECOND), door.forget(now + 3 * DAY)) == (0, 1)


def test_a_suppressed_address_and_an_unknown_one_get_no_message_and_the_row_says_why(db: None, now: dt.datetime) -> None:
    suppression.suppress("eve@example.org", Suppression.Reason.COMPLAINT, "", now)
    door.ask_to_sign_up(SignUp("eve@example.org"), now)
    door.ask_for_link("nobody@example.org", "", now)
    assert door.answer(now, 10) == door.Answered(nothing=2)
    assert list(Request.objects.order_by("id").values_list("reason", flat=True)) == [
        "the address is suppressed",
        "no confirmed subscriber has this address",
    ]


@pytest.mark.usefixtures("redis_or_not")
def test_a_mailbox_gets_one_message_an_hour_and_three_a_day(ada: Subscription, now: dt.datetime) -> None:
    mailed = []
    for hours in (0, 0.9, 1.1, 2.2, 3.3, 5, 23.9, 24.5):
        at = now + hours * HOUR
        door.ask_for_link("ada@example.org", "", at)
        mailed.append(door.answer(at, 10).mailed)
    assert mailed == [1, 0, 1, 1, 0, 0, 0, 1]


@pytest.mark.usefixtures("redis_or_not")
def test_plus_tags_and_dots_lead_to_the_same_mailbox(topics: list[Topic], now: dt.datetime) -> None:
    for typed in ("ada.l@gmail.com", "a.d.a.l+papers@gmail.com", "adal@googlemail.com"):
        door.ask_to_sign_up(SignUp(typed), now)
    assert door.answer(now, 10) == door.Answered(mailed=1, refused=2)
    reasons = Request.objects.filter(outcome="refused").values_list("reason", flat=True)
    assert set(reasons) == {"1 in 1:00:00 had gone to this mailbox"}


@pytest.mark.long
def test_ten_thousand_sign_ups_for_one_address_make_at_most_three_messages(
    topics: list[Topic], now: dt.datetime, settings: Settings
) -> None:
    settings.ASKED_MESSAGES_PER_HOUR = 10_000
    for number in range(10_000):
        at = now + number * DAY / 10_000
        network = f"10.{number // 250}.{number % 250}.0/24"
        assert door.ask_to_sign_up(SignUp("ada@example.org", network=network), at).outcome == "taken"
        if number % 500 == 499:
            door.answer(at, 500)
    assert not Request.objects.waiting().exists()
    assert Notice.objects.count() == 3
    assert Subscriber.objects.count() == 1


@pytest.mark.usefixtures("redis_or_not")
def test_a_network_that_asks_too_often_is_told_so(topics: list[Topic], now: dt.datetime, settings: Settings) -> None:
    settings.REQUESTS_PER_NETWORK_AND_HOUR = 2
    outcomes = [
        door.ask_to_sign_up(SignUp(f"a{number}@example.org", network="192.0.2.0/24"), now).outcome for number in range(3)
    ]
    assert outcomes == ["taken", "taken", "network"]
    assert door.ask_to_sign_up(SignUp("b@example.org", network="198.51.100.0/24"), now).outcome == "taken"
    assert door.ask_to_sign_up(SignUp("c@example.org", network="192.0.2.0/24"), now + HOUR).outcome == "taken"
    assert Request.objects.count() == 4


@pytest.mark.usefixtures("redis_or_not")
def test_a_busy_domain_waits_and_holds_up_no_other(topics: list[Topic], now: dt.datetime, settings: Settings) -> None:
    settings.ASKED_MESSAGES_PER_DOMAIN_AND_HOUR = 2
    for number in range(4):
        door.ask_to_sign_up(SignUp(f"a{number}@example.org"), now)
    door.ask_to_sign_up(SignUp("b@example.net"), now)
    assert door.answer(now, 10) == door.Answered(mailed=3, waiting=True)
    assert door.answer(now + HOUR, 10) == door.Answered(mailed=2)


@pytest.mark.usefixtures("redis_or_not")
def test_the_breaker_stops_all_and_a_day_is_too_long_to_wait(topics: list[Topic], now: dt.datetime, settings: Settings) -> None:
    settings.ASKED_MESSAGES_PER_HOUR = 1
    for number in range(3):
        door.ask_to_sign_up(SignUp(f"a{number}@example{number}.org"), now)
    assert door.answer(now, 10) == door.Answered(mailed=1, waiting=True)
    assert door.answer(now + HOUR, 10) == door.Answered(mailed=1, waiting=True)
    assert door.answer(now + DAY, 10) == door.Answered(refused=1)
    assert Request.objects.get(outcome="refused").reason == "it waited for a day"


def test_a_flood_is_not_even_written_down(topics: list[Topic], now: dt.datetime, settings: Settings) -> None:
    settings.ASKED_MESSAGES_PER_HOUR = 1
    outcomes = {door.ask_to_sign_up(SignUp(f"a{number}@example.org"), now).outcome for number in range(11)}
    assert outcomes == {"taken", "full"}
    assert Request.objects.count() == 10


def test_a_request_that_cannot_be_used_holds_up_nobody(topics: list[Topic], now: dt.datetime) -> None:
    door.ask_to_sign_up(SignUp("grace@example.org"), now)
    Request.objects.update(wishes={"time_zone": "Mars/Olympus"})
    door.ask_to_sign_up(SignUp("ada@example.org"), now)
    assert door.answer(now, 10) == door.Answered(mailed=1, nothing=1)
    assert "Mars/Olympus" in Request.objects.get(outcome="nothing").reason


class TestForm:
    """Signing up in the browser."""

    @pytest.fixture
    def opened(self) -> str:
        return tokens.sign(tokens.Scope.FORM, int(dt.datetime.now(dt.UTC).timestamp()) - 10)

    @pytest.fixture(autouse=True)
    def _topics(self, topics: list[Topic]) -> None:
        """There are topics to choose from."""

    def test_known_and_unknown_addresses_get_the_same_page(self, ada: Subscription, client: Client, opened: str) -> None:
        pages = [client.post("/subscribe/", {"address": who, "opened": opened}) for who in ("ada@example.org", "x@example.org")]
        assert pages[0].content == pages[1].content
        assert [page.status_code for page in pages] == [200, 200]
        assert "Monday" in pages[0].content.decode()
        assert "07:00 in Europe/Paris" in pages[0].content.decode()
        assert not pages[0].cookies

    def test_the_page_is_the_same_when_redis_is_away(self, client: Client, opened: str, settings: Settings) -> None:
        settings.REDIS_URL = NOWHERE
        assert client.post("/subscribe/", {"address": "ada@example.org", "opened": opened}).status_code == 200
        assert Request.objects.count() == 1

    @pytest.mark.parametrize(
        ("typed", "complaint"),
        [
            ("", "Please type your email address"),
            ("ada@example", "does not look like an email address"),
            ("ada@example.org\r\nBcc: all@example.org", "invisible character"),
            ("ada\0@example.org", "invisible character"),
            ("\u202eada@example.org", "invisible character"),
        ],
    )
    def test_an_address_that_cannot_be_used_is_explained_at_the_field(
        self, client: Client, opened: str, typed: str, complaint: str
    ) -> None:
        answer = client.post("/subscribe/", {"address": typed, "interests": "wavelets", "opened": opened})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert complaint in page
        assert 'id="address-error"' in page
        assert 'value="wavelets"' in page
        assert not Request.objects.exists()

    def test_topics_own_words_and_schedule_are_kept(self, client: Client, opened: str) -> None:
        chosen = {
            "topics": ["koopman"],
            "interests": "wavelets, learning the dynamics of soft robots",
            "cadence": "monthly",
        }
        where = {"weekday": "4", "hour": "18", "time_zone": "Asia/Kolkata"}
        page = client.post("/subscribe/", {"address": "grace@example.org", "opened": opened, **chosen, **where})
        assert "18:00 in Asia/Kolkata" in page.content.decode()
        door.answer(dt.datetime.now(dt.UTC), 10)
        grace = Subscription.objects.get()
        assert (grace.cadence, grace.weekday, grace.hour, grace.subscriber.time_zone) == ("monthly", 4, 18, "Asia/Kolkata")
        assert sorted(grace.interests.values_list("kind", "value")) == [
            ("keyword", "wavelets"),
            ("text", "learning the dynamics of soft robots"),
            ("topic", ""),
        ]

    def test_a_program_that_fills_in_everything_is_told_the_same_and_gets_nothing(self, client: Client, opened: str) -> None:
        person = client.post("/subscribe/", {"address": "ada@example.org", "opened": opened})
        program = client.post("/subscribe/", {"address": "ada@example.org", "opened": opened, "website": "https://x.example"})
        assert program.content == person.content
        assert Request.objects.count() == 1

    @pytest.mark.parametrize("seconds", [0, -60, 3 * 24 * 3600])
    def test_a_form_filled_in_too_soon_or_too_late_comes_back_with_what_was_typed(self, client: Client, seconds: int) -> None:
        opened = tokens.sign(tokens.Scope.FORM, int(dt.datetime.now(dt.UTC).timestamp()) - seconds)
        answer = client.post("/subscribe/", {"address": "ada@example.org", "opened": opened})
        assert answer.status_code == 422
        assert "press the button once more" in answer.content.decode()
        assert 'value="ada@example.org"' in answer.content.decode()

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 200),
            ({"sec-fetch-site": "same-origin", "origin": "null"}, 200),
            ({"sec-fetch-site": "cross-site", "origin": "https://papers.example.org"}, 403),
            ({"sec-fetch-site": "same-site"}, 403),
            ({"origin": "https://papers.example.org"}, 200),
            ({"origin": "http://testserver"}, 200),
            ({"origin": "https://evil.example"}, 403),
        ],
    )
    def test_forms_of_other_sites_are_refused(self, client: Client, opened: str, headers: dict[str, str], status: int) -> None:
        for path in ("/subscribe/", "/preferences/"):
            data = {"address": "ada@example.org", "opened": opened}
            assert client.post(path, data, headers=headers).status_code == status

    def test_too_many_from_one_network_get_a_plain_answer(self, client: Client, opened: str, settings: Settings) -> None:
        settings.REQUESTS_PER_NETWORK_AND_HOUR = 1
        answers = [client.post("/subscribe/", {"address": f"a{n}@example.org", "opened": opened}) for n in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert "try again in an hour" in answers[1].content.decode()

    def test_previews_are_counted_too_and_at_twice_the_number(self, client: Client, settings: Settings) -> None:
        settings.REQUESTS_PER_NETWORK_AND_HOUR = 1
        answers = [client.post("/subscribe/preview/", {"interests": "wavelets"}).status_code for _ in range(3)]
        assert answers == [200, 200, 429]

    def test_a_proxy_names_the_network_and_nobody_else_can(self, client: Client, opened: str, settings: Settings) -> None:
        def ask() -> str:
            data = {"address": "ada@example.org", "opened": opened}
            client.post("/subscribe/", data, headers={"x-forwarded-for": "203.0.113.9, 2001:db8:1:2::3"})
            return Request.objects.latest("id").network

        assert ask() == "127.0.0.0/24"
        settings.PROXIES = 1
        assert ask() == "2001:db8:1::/48"

    def test_the_link_page_says_the_same_to_everyone(self, ada: Subscription, client: Client) -> None:
        pages = [client.post("/preferences/", {"address": who}) for who in ("ada@example.org", "x@example.org")]
        assert pages[0].content == pages[1].content
        door.answer(dt.datetime.now(dt.UTC), 10)
        assert Notice.objects.filter(kind="magic-link").count() == 1

    def test_the_broker_may_be_away(self, client: Client, opened: str, caplog: pytest.LogCaptureFixture) -> None:
        kept = current_app.conf.broker_url
        # Celery keeps its producers, and with them the broker they were made for.
        vars(current_app.amqp).pop("_producer_pool", None)
        current_app.conf.update(broker_url="redis+socket:///nowhere/valkey.sock")
        try:
            with TestCase.captureOnCommitCallbacks(execute=True):
                answer = client.post("/subscribe/", {"address": "ada@example.org", "opened": opened})
            # The page has a thread give this hint; here it is given for the log to show.
            tasks.hint("subscriptions.tasks.answer_requests")
        finally:
            current_app.conf.update(broker_url=kept)
            vars(current_app.amqp).pop("_producer_pool", None)
        assert answer.status_code == 200
        assert "waits for the next sweep" in caplog.text
        assert Request.objects.count() == 1
