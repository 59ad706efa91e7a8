"""Weights in force: what an operator chose, until the product's own defaults change."""

import datetime as dt

import pytest

from digest import previews, ranking, weights
from digest.issues import configurations
from digest.models import RankingConfiguration
from subscriptions.interests import Wishes

pytestmark = pytest.mark.django_db


def test_the_first_run_writes_the_defaults_down() -> None:
    current = configurations.current()
    row = RankingConfiguration.objects.get()
    assert (row.pk, row.version, row.note) == (current.row_id, 1, f"defaults {ranking.DEFAULTS}")
    assert current.weights == ranking.Configuration()


def test_what_an_operator_has_changed_stays_in_force() -> None:
    configurations.current()
    RankingConfiguration.objects.create(version=2, weights={**ranking.Configuration().as_json(), "topic": 0.1, "version": 2})
    assert configurations.current().weights == ranking.Configuration(version=2, topic=0.1)
    assert RankingConfiguration.objects.count() == 2


@pytest.mark.parametrize("stale", [{"topic": 1.0, "vote_floor": 0.0125}, {"echo": 0.3, "defaults": 1}])
def test_weights_made_for_an_older_formula_give_way_and_the_new_row_says_so(stale: dict[str, float]) -> None:
    RankingConfiguration.objects.create(version=4, weights=stale)
    current = configurations.current()
    assert current.weights == ranking.Configuration(version=5)
    newest = RankingConfiguration.objects.order_by("-version")[0]
    assert newest.note == f"defaults {ranking.DEFAULTS}, in place of version 4"
    assert configurations.current().row_id == newest.pk
    assert RankingConfiguration.objects.count() == 2


def test_pages_and_previews_read_by_the_new_defaults_before_any_run_and_writes_nothing() -> None:
    RankingConfiguration.objects.create(version=4, weights={"echo": 0.3})
    assert weights.in_force() == ranking.Configuration()
    assert previews.preview(Wishes(keywords=("koopman",)), 5, None, dt.datetime.now(dt.UTC)).shown == []
    assert RankingConfiguration.objects.count() == 1
