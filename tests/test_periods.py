"""Days, weeks and months and how they are written."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import periods
from digest.periods import Kind

DAYS = st.dates(dt.date(1900, 1, 8), dt.date(2199, 12, 24))


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("2026-03-13", "Friday 13 March 2026"),
        ("2026-W11", "9 to 15 March 2026"),
        ("2026-W14", "30 March to 5 April 2026"),
        ("2026-W01", "29 December 2025 to 4 January 2026"),
        ("2026-03", "March 2026"),
    ],
)
def test_periods_have_names(slug: str, name: str) -> None:
    found = periods.parse(slug)
    assert found
    assert found.name == name


@pytest.mark.parametrize(
    "slug",
    ["2026-02-30", "2026-W54", "2025-W53", "2026-13", "2026-00", "0001-01-01", "9999-W52", "2026", "٢٠٢٦-03", "2026-03-13 "],
)
def test_what_is_not_in_the_calendar_is_no_period(slug: str) -> None:
    assert periods.parse(slug) is None


@given(DAYS, st.sampled_from(["day", "week", "month"]))
def test_a_slug_reads_back_as_its_period(day: dt.date, kind: Kind) -> None:
    period = periods.of(kind, day)
    assert periods.parse(period.slug) == period
    assert period.first <= day <= period.last
    assert period.end - period.start == dt.timedelta(days=(period.last - period.first).days + 1)


@given(DAYS, st.sampled_from(["day", "week", "month"]))
def test_periods_leave_no_gap(day: dt.date, kind: Kind) -> None:
    period = periods.of(kind, day)
    assert periods.of(kind, period.last + dt.timedelta(days=1)).start == period.end
