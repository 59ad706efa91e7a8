"""Slots of local time, across zones and their clock changes."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.schedule import cadence_back, next_issue_at, previous_issue_at, zone

# Every oddity: changes of half an hour (Lord Howe) and of two (Troll), at midnight (Santiago, Beirut, Havana), around Ramadan
# (Casablanca), a skipped day (Apia), both ends of the date line (Kiritimati, Niue), quarter hours (Kathmandu), none at all.
ZONES = [
    "UTC", "Europe/Paris", "Europe/London", "Europe/Dublin", "America/New_York", "America/Los_Angeles", "America/St_Johns",
    "America/Santiago", "America/Havana", "America/Sao_Paulo", "Africa/Casablanca", "Africa/Cairo", "Asia/Beirut",
    "Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe", "Antarctica/Troll",
    "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Niue",
]  # fmt: skip
LENGTHS = {"daily": (0, 2), "weekly": (6, 8), "monthly": (27, 36)}

plans = st.tuples(st.sampled_from(sorted(LENGTHS)), st.integers(0, 6), st.integers(0, 23), st.sampled_from(ZONES))
instants = st.integers(788_918_400, 2_145_916_800).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _exists(date: dt.date, hour: int, place: zoneinfo.ZoneInfo) -> bool:
    local = dt.datetime.combine(date, dt.time(hour), place)
    return local.astimezone(dt.UTC).astimezone(place).replace(tzinfo=None) == local.replace(tzinfo=None)


@given(plans, instants)
def test_the_next_slot_lies_after_and_the_previous_one_does_not(plan: tuple[str, int, int, str], now: dt.datetime) -> None:
    later, earlier = next_issue_at(*plan, now), previous_issue_at(*plan, now)
    assert earlier <= now < later
    assert earlier.tzinfo is dt.UTC
    assert later.tzinfo is dt.UTC


@given(plans, instants)
def test_no_slot_lies_between_two_neighbours(plan: tuple[str, int, int, str], now: dt.datetime) -> None:
    later, earlier = next_issue_at(*plan, now), previous_issue_at(*plan, now)
    assert next_issue_at(*plan, earlier) == later
    assert previous_issue_at(*plan, later - dt.timedelta(microseconds=1)) == earlier
    assert previous_issue_at(*plan, later) == later
    shortest, longest = LENGTHS[plan[0]]
    # A day that Samoa and the Line Islands left out: a daily gap of 48 hours, and weeks and months a day shorter or longer.
    assert dt.timedelta(days=shortest) <= later - earlier <= dt.timedelta(days=longest)
    assert cadence_back(*plan, later) == later - earlier


@given(plans, instants)
def test_a_slot_falls_on_its_weekday_at_its_hour_wherever_that_hour_exists(
    plan: tuple[str, int, int, str], now: dt.datetime
) -> None:
    cadence, weekday, hour, name = plan
    place = zoneinfo.ZoneInfo(name)
    local = next_issue_at(*plan, now).astimezone(place)
    if _exists(local.date(), hour, place):
        assert (local.hour, local.minute, local.fold) == (hour, 0, 0)
        if cadence != "daily" and _exists(local.date() - dt.timedelta(days=1), hour, place):
            assert local.weekday() == weekday
        if cadence == "monthly":
            assert local.day <= 7
    else:
        assert local.replace(tzinfo=None) > dt.datetime.combine(local.date(), dt.time(hour))


@given(plans, instants)
def test_the_zone_of_the_instant_makes_no_difference(plan: tuple[str, int, int, str], now: dt.datetime) -> None:
    elsewhere = now.astimezone(zoneinfo.ZoneInfo("Asia/Tokyo"))
    assert next_issue_at(*plan, now) == next_issue_at(*plan, elsewhere)
    assert previous_issue_at(*plan, now) == previous_issue_at(*plan, elsewhere)


@given(plans, instants, st.timedeltas(dt.timedelta(0), dt.timedelta(days=60)))
def test_later_instants_never_have_earlier_slots(
    plan: tuple[str, int, int, str], now: dt.datetime, passing: dt.timedelta
) -> None:
    assert next_issue_at(*plan, now) <= next_issue_at(*plan, now + passing)
    assert previous_issue_at(*plan, now) <= previous_issue_at(*plan, now + passing)


def test_a_weekly_issue_keeps_its_local_hour_over_a_change_of_clocks() -> None:
    slot = next_issue_at("weekly", 0, 7, "Europe/Paris", _utc("2026-03-20T12:00+01:00"))
    assert slot == _utc("2026-03-23T07:00+01:00")
    assert next_issue_at("weekly", 0, 7, "Europe/Paris", slot) == _utc("2026-03-30T07:00+02:00")


def test_an_hour_that_does_not_exist_moves_forward() -> None:
    slot = next_issue_at("daily", 0, 2, "Europe/Paris", _utc("2026-03-28T12:00+01:00"))
    assert slot == _utc("2026-03-29T03:00+02:00")
    assert next_issue_at("daily", 0, 2, "Europe/Paris", slot) == _utc("2026-03-30T02:00+02:00")


def test_midnight_that_does_not_exist_moves_forward() -> None:
    assert next_issue_at("daily", 0, 0, "America/Santiago", _utc("2025-09-06T12:00-04:00")) == _utc("2025-09-07T01:00-03:00")


def test_a_repeated_hour_fires_once_the_first_time() -> None:
    slot = next_issue_at("daily", 0, 2, "Europe/Paris", _utc("2026-10-24T12:00+02:00"))
    assert slot == _utc("2026-10-25T02:00+02:00")
    assert next_issue_at("daily", 0, 2, "Europe/Paris", slot) == _utc("2026-10-26T02:00+01:00")
    between = _utc("2026-10-25T02:30+01:00")
    assert previous_issue_at("daily", 0, 2, "Europe/Paris", between) == slot


def test_a_day_left_out_by_its_zone_has_no_slot_of_its_own() -> None:
    slot = next_issue_at("daily", 0, 7, "Pacific/Apia", _utc("2011-12-29T07:00-10:00"))
    assert slot == _utc("2011-12-31T07:00+14:00")
    assert next_issue_at("daily", 0, 7, "Pacific/Apia", slot) == _utc("2012-01-01T07:00+14:00")


def test_a_monthly_issue_comes_on_the_first_such_weekday_of_the_month() -> None:
    slot = next_issue_at("monthly", 4, 18, "America/New_York", _utc("2026-12-05T00:00Z"))
    assert slot == _utc("2027-01-01T18:00-05:00")
    assert next_issue_at("monthly", 4, 18, "America/New_York", slot) == _utc("2027-02-05T18:00-05:00")


def test_two_cadences_back_cover_two_months() -> None:
    slot = _utc("2026-03-02T06:00Z")
    assert cadence_back("monthly", 0, 6, "UTC", slot, times=2) == dt.timedelta(days=56)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "America", "", "../etc/passwd", "\x00", "Europe/Paris; DROP TABLE"])
def test_a_zone_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("cadence", "weekday", "hour", "after", "says"),
    [
        ("hourly", 0, 7, "2026-03-16T00:00+00:00", "'hourly' is not a cadence"),
        ("weekly", 7, 7, "2026-03-16T00:00+00:00", "weekday 7"),
        ("daily", 0, 24, "2026-03-16T00:00+00:00", "hour 24"),
        ("daily", 0, 7, "2026-03-16T00:00", "no time zone"),
    ],
)
def test_what_makes_no_slot_is_named(cadence: str, weekday: int, hour: int, after: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        next_issue_at(cadence, weekday, hour, "UTC", dt.datetime.fromisoformat(after))
