"""How fast messages are handed over."""

import datetime as dt
import itertools
import threading
from zoneinfo import ZoneInfo

import pytest
import redis
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery import deliver, queue_notices
from digest.delivery.pacing import OVERALL, Bucket, Pace, Warmup
from tests.delivery.cast import MONDAY, letters, notice_for, policy, reader, waiting
from tests.delivery.relay import Relay


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.floats(0.5, 100), st.lists(st.tuples(st.floats(0, 10), st.integers(1, 50)), max_size=30))
def test_a_bucket_never_gives_more_than_its_rate_allows(rate: float, asked: list[tuple[float, int]]) -> None:
    now, granted = 0.0, 0
    bucket = Bucket(rate, most=5, now=now)
    for wait, wanted in asked:
        now += wait
        granted += bucket.take(wanted, now)
    assert granted <= 5 + rate * now + 1e-6


def test_what_has_no_rate_is_not_held_up() -> None:
    pace = Pace({"example.com": 1}, 1, "redis://127.0.0.1:9", Clock())
    assert all(pace.admits("example.org") for _ in range(1000))
    assert not Pace({OVERALL: 0.0}, 1, "", Clock())


def test_senders_share_a_rate_through_redis(settings: object) -> None:
    from django.conf import settings as configured

    clock = Clock()
    paces = [Pace({"shared.example.org": 20}, 4, configured.REDIS_URL, clock) for _ in range(4)]
    admitted = sum(pace.admits("shared.example.org") for _ in range(50) for pace in paces)
    assert 20 <= admitted <= 30


def test_without_redis_each_sender_keeps_to_its_share() -> None:
    clock = Clock()
    pace = Pace({OVERALL: 40}, 4, "redis://127.0.0.1:9", clock)
    assert sum(pace.admits("example.org") for _ in range(100)) == 10
    clock.now += 1
    assert sum(pace.admits("example.org") for _ in range(100)) == 10


def test_without_redis_a_run_takes_up_the_pace_where_the_last_one_left_it() -> None:
    clock = Clock()
    runs = [Pace({OVERALL: 40}, 4, "redis://127.0.0.1:9", clock) for _ in range(5)]
    assert sum(pace.admits("example.org") for pace in runs for _ in range(100)) == 10


def test_when_redis_goes_away_nothing_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings as configured

    clock = Clock()
    pace = Pace({"leaving.example.org": 40}, 1, configured.REDIS_URL, clock)
    admitted = sum(pace.admits("leaving.example.org") for _ in range(200))
    assert 40 <= admitted < 200

    def away(*_: object) -> int:
        raise redis.ConnectionError("it went away")

    monkeypatch.setattr(redis.Redis, "eval", away)
    assert sum(pace.admits("leaving.example.org") for _ in range(100)) <= 4, "no more than was in hand"
    clock.now += 0.5
    assert sum(pace.admits("leaving.example.org") for _ in range(100)) == 20


@pytest.mark.django_db(transaction=True)
def test_a_warm_up_day_begins_at_midnight_in_utc_wherever_it_is_asked(relay: Relay) -> None:
    midnight = dt.datetime(2026, 3, 17, tzinfo=dt.UTC)
    warmup = Warmup(dt.date(2026, 3, 16), 4, 2.0)
    waiting(*(f"reader{n}" for n in range(20)))
    before = (midnight - dt.timedelta(minutes=1)).astimezone(ZoneInfo("Pacific/Auckland"))
    sender = policy(relay.url, warmup=warmup)
    assert deliver(before, 100, policy=sender, make=letters).by_state == {"accepted": 4}
    assert deliver(before, 100, policy=sender, make=letters).claimed == 0
    after = midnight.astimezone(ZoneInfo("America/Los_Angeles"))
    assert deliver(after, 100, policy=sender, make=letters).by_state == {"accepted": 8}


@pytest.mark.django_db(transaction=True)
def test_a_domain_at_its_rate_holds_up_no_other(relay: Relay) -> None:
    waiting(*(f"slow{n}" for n in range(30)), domain="paced.example.org")
    waiting(*(f"fast{n}" for n in range(30)), domain="example.net")
    clock = itertools.count(0, 0.002)
    sender = policy(
        relay.url,
        rates={"paced.example.org": 0.2},
        redis="redis://127.0.0.1:9",
        workers=1,
        seconds=6,
        clock=lambda: next(clock),
    )
    by_state = deliver(MONDAY, 100, policy=sender, make=letters).by_state
    to = [taken.recipient.partition("@")[2] for taken in relay.taken]
    assert to.count("example.net") == 30
    assert 1 <= to.count("paced.example.org") <= 3
    assert by_state["queued"] == 30 - to.count("paced.example.org")


@pytest.mark.django_db(transaction=True)
def test_the_warm_up_caps_a_day_but_never_a_notice(relay: Relay) -> None:
    waiting(*(f"reader{n}" for n in range(10)))
    sender = policy(relay.url, warmup=Warmup(MONDAY.date(), 4, 2.0))
    assert deliver(MONDAY, 100, policy=sender, make=letters).by_state == {"accepted": 4}
    notice_for(reader("ada"))
    queue_notices(MONDAY)
    assert deliver(MONDAY, 100, policy=sender, make=letters).by_state == {"accepted": 1}
    tomorrow = MONDAY + dt.timedelta(days=1)
    assert deliver(tomorrow, 100, policy=sender, make=letters).by_state == {"accepted": 6}


@pytest.mark.django_db(transaction=True)
def test_workers_share_the_day_of_a_warm_up(relay: Relay) -> None:
    waiting(*(f"reader{n}" for n in range(60)))
    sender = policy(relay.url, warmup=Warmup(MONDAY.date(), 20, 2.0))

    def work() -> None:
        deliver(MONDAY, 100, policy=sender, make=letters)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(relay.taken) == 20


def test_the_warm_up_grows_until_there_is_no_cap() -> None:
    warmup = Warmup.parse("2026-03-01:200:1.5")
    assert warmup is not None
    caps = [warmup.cap(dt.date(2026, 3, day)) for day in range(1, 32)]
    assert caps[:3] == [200, 300, 450]
    assert caps[-1] is None
    assert Warmup.parse("") is None


@pytest.mark.parametrize("plan", ["tomorrow:200:1.5", "2026-03-01", "2026-03-01:0:1.5", "2026-03-01:200:0.9"])
def test_a_plan_that_cannot_be_understood_is_refused(plan: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="WARMUP"):
        Warmup.parse(plan)
