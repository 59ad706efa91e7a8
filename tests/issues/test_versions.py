"""A new version of a paper comes again for those who saved it, once, and for nobody else."""

import datetime as dt

import pytest

from digest import issues
from digest.models import Feedback, Issue, Paper, PaperVersion
from subscriptions.models import Subscription
from tests.issues.cast import DAY, HOUR, MONDAY, WEEK, digest_for, paper, reader, settle, titles, topic

pytestmark = pytest.mark.django_db


def _version(of: Paper, number: int, announced_at: dt.datetime) -> None:
    PaperVersion.objects.create(paper=of, number=number, title_source=of.title, announced_at=announced_at)


def _last(subscription: Subscription) -> Issue:
    return Issue.objects.filter(subscription=subscription).latest("pk")


@pytest.fixture
def cast() -> tuple[Subscription, Subscription, Paper]:
    """Ada saved what her first issue brought, Ben did not; a second version was announced on Wednesday."""
    robots = topic("robot-learning")
    ada, ben = digest_for(reader("ada"), robots), digest_for(reader("ben"), robots)
    grasp = paper("Grasping soft things", robots)
    _version(grasp, 1, MONDAY - DAY)
    issues.publish_due(MONDAY, limit=10)
    settle(Issue.objects.all())
    Feedback.objects.create(subscription=ada, paper=grasp, vote="save", created_at=MONDAY + HOUR)
    _version(grasp, 2, MONDAY + 2 * DAY)
    paper("News of robots", robots, listed_at=MONDAY + DAY)
    return ada, ben, grasp


def test_it_comes_again_for_who_saved_it_and_for_nobody_else(cast: tuple[Subscription, Subscription, Paper]) -> None:
    ada, ben, grasp = cast
    issues.publish_due(MONDAY + WEEK, limit=10)
    assert set(titles(_last(ada))) == {"Grasping soft things", "News of robots"}
    assert titles(_last(ben)) == ["News of robots"]
    assert _last(ada).versions == {str(grasp.pk): 2}
    assert _last(ada).receipt["excluded"] == {}
    assert _last(ben).receipt["excluded"] == {"new versions": 1}
    assert _last(ada).receipt["considered"] == 2
    assert _last(ben).receipt["considered"] == 1


def test_a_version_comes_once(cast: tuple[Subscription, Subscription, Paper]) -> None:
    ada, _, _ = cast
    for weeks in (1, 2):
        issues.publish_due(MONDAY + weeks * WEEK, limit=10)
        settle(Issue.objects.all())
    assert _last(ada).paper_ids == []


def test_a_version_that_became_known_late_is_not_missed(cast: tuple[Subscription, Subscription, Paper]) -> None:
    ada, _, grasp = cast
    issues.publish_due(MONDAY + WEEK, limit=10)
    settle(Issue.objects.all())
    # Announced before the last issue was published, stored here after it.
    _version(grasp, 3, MONDAY + WEEK - HOUR)
    issues.publish_due(MONDAY + 2 * WEEK, limit=10)
    assert titles(_last(ada)) == ["Grasping soft things"]
    assert _last(ada).versions == {str(grasp.pk): 3}


def test_two_readers_do_not_get_each_others_versions(cast: tuple[Subscription, Subscription, Paper]) -> None:
    ada, ben, _ = cast
    other = paper("Walking on sand", listed_at=MONDAY - 4 * WEEK)
    Feedback.objects.create(subscription=ben, paper=other, vote="save", created_at=MONDAY + HOUR)
    _version(other, 2, MONDAY + 3 * DAY)
    issues.publish_due(MONDAY + WEEK, limit=10)
    assert set(titles(_last(ada))) == {"Grasping soft things", "News of robots"}
    assert "Walking on sand" in titles(_last(ben))
    assert "Grasping soft things" not in titles(_last(ben))


def test_a_version_older_than_the_save_is_no_news() -> None:
    ada = digest_for(reader("ada"))
    known = paper("Saved on the site", listed_at=MONDAY - 4 * WEEK)
    _version(known, 2, MONDAY - 3 * DAY)
    Feedback.objects.create(subscription=ada, paper=known, vote="save", created_at=MONDAY - 2 * DAY)
    issues.publish_due(MONDAY, limit=10)
    assert _last(ada).paper_ids == []


def test_an_issue_that_brings_a_version_again_can_be_replayed(cast: tuple[Subscription, Subscription, Paper]) -> None:
    ada, ben, _ = cast
    issues.publish_due(MONDAY + WEEK, limit=10)
    Paper.objects.update(title="Rewritten", revision=7)
    for subscription in (ada, ben):
        assert issues.replay(_last(subscription)).as_json() == _last(subscription).slate
