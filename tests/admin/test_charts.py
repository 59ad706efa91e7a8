"""From numbers to coordinates."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from digest.admin import charts

POSITIONS = st.lists(st.floats(0, 180, allow_nan=False), min_size=1, max_size=6)


@given(POSITIONS)
def test_labels_keep_their_distance_and_stay_inside(wanted: list[float]) -> None:
    placed = charts.spread(wanted, 20, 0, 180)
    ordered = sorted(placed)
    assert all(later - earlier > 19.99 for earlier, later in pairwise(ordered))
    assert ordered[0] >= -0.01
    assert ordered[-1] <= 180.01


@given(POSITIONS)
def test_labels_keep_their_order(wanted: list[float]) -> None:
    placed = charts.spread(wanted, 20, 0, 180)
    by_wish = sorted(range(len(wanted)), key=lambda index: wanted[index])
    assert [placed[index] for index in by_wish] == sorted(placed)


def test_labels_that_are_apart_stay_where_they_are() -> None:
    assert charts.spread([150, 10, 60], 20, 0, 180) == [150, 10, 60]


def test_the_highest_value_touches_the_top_and_zero_the_bottom() -> None:
    (line,) = charts.lines([("reading", "accent", [0, 5, 10], "/list/")], 120)
    assert line.points == "0.0,110.0 500.0,60.0 1000.0,10.0"
    assert (line.last, line.label_y) == (10, 10.0)


def test_nothing_at_all_is_a_flat_line() -> None:
    (line,) = charts.lines([("reading", "accent", [0, 0], "/list/")], 120)
    assert line.points == "0.0,110.0 1000.0,110.0"


def test_a_day_without_papers_has_no_bar_and_a_small_one_stays_visible() -> None:
    assert charts.strip([0, 1, 400], 28, 400) == [charts.Bar(12, 27.0, 1.0), charts.Bar(22, 0.0, 28.0)]
