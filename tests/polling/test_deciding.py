"""When to ask a source again."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from digest.polling.deciding import LONGEST, Habits, after_answer, after_failure

NOW = dt.datetime(2026, 3, 13, 6, tzinfo=dt.UTC)  # a Friday
HABITS = Habits("arxiv-cs", interval=dt.timedelta(hours=6))


def test_news_makes_us_ask_sooner_and_silence_later() -> None:
    assert after_answer(HABITS, NOW, new=5).at == NOW + dt.timedelta(hours=4.5)
    assert after_answer(HABITS, NOW, new=0).at == NOW + dt.timedelta(hours=7.5)


def test_the_pace_stays_near_what_the_operator_said_and_within_a_day() -> None:
    eager = lazy = HABITS
    for _ in range(30):
        eager = Habits("a", HABITS.interval, after_answer(eager, NOW, new=1).pace)
        lazy = Habits("a", HABITS.interval, after_answer(lazy, NOW, new=0).pace)
    assert (eager.pace, lazy.pace) == (dt.timedelta(hours=1.5), dt.timedelta(days=1))


def test_failures_back_off_to_a_day_and_no_further() -> None:
    waits = [after_failure(HABITS, NOW, failures).at - NOW for failures in range(1, 20)]
    assert waits == sorted(waits)
    assert dt.timedelta(minutes=4) < waits[0] <= dt.timedelta(minutes=5)
    assert dt.timedelta(hours=21) < waits[-1] <= LONGEST


def test_what_a_source_asks_for_is_obeyed() -> None:
    assert after_failure(HABITS, NOW, 1, retry_after=dt.timedelta(hours=3)).at == NOW + dt.timedelta(hours=3)
    weekdays = Habits("a", dt.timedelta(days=1), skip_days=(5, 6))
    assert after_answer(weekdays, NOW, new=0).at == dt.datetime(2026, 3, 16, tzinfo=dt.UTC)
    quiet = Habits("a", dt.timedelta(hours=1), skip_hours=(7, 8))
    assert after_answer(quiet, NOW, new=0).at == dt.datetime(2026, 3, 13, 9, tzinfo=dt.UTC)


@given(
    st.timedeltas(dt.timedelta(minutes=1), dt.timedelta(days=7)),
    st.none() | st.timedeltas(dt.timedelta(minutes=1), dt.timedelta(days=7)),
    st.sets(st.integers(0, 6), max_size=6),
    st.sets(st.integers(0, 23), max_size=23),
    st.integers(0, 50),
)
def test_the_next_time_is_always_ahead_and_welcome(
    interval: dt.timedelta, pace: dt.timedelta | None, days: set[int], hours: set[int], count: int
) -> None:
    habits = Habits("a", interval, pace, days, hours)
    for following in (after_answer(habits, NOW, count).at, after_failure(habits, NOW, count).at):
        assert NOW < following <= NOW + dt.timedelta(days=9)
        assert following.weekday() not in days
        assert following.hour not in hours
