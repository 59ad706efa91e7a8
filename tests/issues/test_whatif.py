"""What other weights would have done, and putting them in force."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import issues, ranking
from digest.issues import configurations, whatif
from digest.models import Issue, RankingConfiguration
from tests.issues.cast import HOUR, MONDAY, WEEK, digest_for, paper, reader, titles, topic

ORDERS = st.lists(st.integers(0, 15), unique=True, max_size=12)


@given(ORDERS)
def test_an_order_overlaps_itself_wholly(order: list[int]) -> None:
    assert whatif.overlap(order, order) == pytest.approx(1.0)


@given(ORDERS, ORDERS)
def test_overlap_lies_between_none_and_all_and_takes_no_side(one: list[int], other: list[int]) -> None:
    assert 0.0 <= whatif.overlap(one, other) <= 1.0
    assert whatif.overlap(one, other) == pytest.approx(whatif.overlap(other, one))


@given(ORDERS, ORDERS)
def test_orders_without_a_common_paper_do_not_overlap(one: list[int], other: list[int]) -> None:
    apart = [each + 100 for each in other]
    assert whatif.overlap(one, apart) == (1.0 if not one and not apart else 0.0)


def test_a_change_at_the_top_weighs_more_than_one_below() -> None:
    order = list(range(10))
    assert whatif.overlap(order, [1, 0, *order[2:]]) < whatif.overlap(order, [*order[:8], 9, 8])


@pytest.fixture
def published(db: None) -> Issue:
    robots, graphs = topic("robots"), topic("graphs")
    for number in range(6):
        paper(f"Robots that walk {number}", robots)
        paper(f"Graphs that grow {number}", graphs, upvotes=500)
    digest_for(reader(), robots, graphs, size=4)
    issues.publish_due(MONDAY + HOUR, 10)
    return Issue.objects.get()


def test_the_weights_in_force_change_nothing(published: Issue) -> None:
    found = whatif.compare(configurations.current().weights, MONDAY + WEEK, 10)
    assert (found.untouched, found.overlap, len(found.issues)) == (1, 1.0, 1)
    assert found.coverage[0] == found.coverage[1] == len(published.paper_ids)


def test_other_weights_show_what_would_have_come_and_gone(published: Issue) -> None:
    weights = dataclasses.replace(configurations.current().weights, topic=0.0, trending=1.0, serendipity=0)
    (changed,) = whatif.compare(weights, MONDAY + WEEK, 10).issues
    assert changed.subscription == published.subscription_id
    assert list(changed.before) == published.paper_ids
    assert changed.before != changed.after
    assert changed.overlap < 1.0


def test_a_smaller_size_is_looked_at_too(published: Issue) -> None:
    (changed,) = whatif.compare(configurations.current().weights, MONDAY + WEEK, 10, size=2).issues
    assert len(changed.after) == 2


def test_looking_writes_nothing(published: Issue) -> None:
    before = titles(published)
    whatif.compare(dataclasses.replace(ranking.Configuration(), topic=0.1), MONDAY + WEEK, 10)
    assert RankingConfiguration.objects.count() == 1
    assert titles(Issue.objects.get()) == before


@pytest.mark.django_db
def test_adopted_weights_are_in_force_and_older_ones_can_come_back() -> None:
    first = configurations.current()
    heavier = dataclasses.replace(first.weights, topic=1.5)
    adopted = configurations.adopt(heavier, "topics first", MONDAY)
    assert configurations.current().row_id == adopted.pk
    assert configurations.current().weights.topic == 1.5
    back = configurations.adopt(first.weights, "back to version 1", MONDAY)
    assert configurations.current().weights == dataclasses.replace(first.weights, version=back.version)


@pytest.mark.django_db
def test_weights_of_an_older_formula_are_refused() -> None:
    old = dataclasses.replace(ranking.Configuration(), defaults=ranking.DEFAULTS - 1)
    with pytest.raises(ranking.BadConfiguration, match="made for formula"):
        configurations.adopt(old, "", MONDAY)
