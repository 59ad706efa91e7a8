"""The next issue tells what it learned, and of the time away."""

import datetime as dt

import pytest

from digest import feedback, issues
from digest.models import Issue, Paper
from subscriptions import preferences
from subscriptions.models import Subscription, Topic

from . import cast

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def _published(subscription: Subscription, at: dt.datetime) -> Issue:
    """The issue of a digest whose hour has come."""
    Subscription.objects.filter(pk=subscription.pk).update(next_issue_at=at)
    fresh = cast.paper(f"Koopman operators on {at:%d %B}", cast.KOOPMAN, at)
    fresh.paper_topics.create(topic=Topic.objects.get(), score=0.9)
    assert issues.publish_due(at, 10).published == 1
    return Issue.objects.filter(subscription=subscription).latest("due_at")


def test_the_next_issue_counts_the_votes_since_the_last(
    ada: Subscription, lifted: Paper, routed: Paper, now: dt.datetime
) -> None:
    first = _published(ada, now)
    assert "learned" not in first.receipt
    feedback.cast(ada.pk, lifted.pk, "more", now + DAY)
    feedback.cast(ada.pk, routed.pk, "less", now + DAY)
    assert _published(ada, now + 7 * DAY).receipt["learned"] == {"more": 1, "less": 1}
    assert "learned" not in _published(ada, now + 14 * DAY).receipt


def test_the_one_issue_after_a_pause_tells_since_when(ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    _published(ada, now)
    preferences.pause(ada.pk, now + 20 * DAY, now + DAY)
    back = _published(ada, now + 21 * DAY)
    assert back.receipt["away_since"] == (now + DAY).date().isoformat()
    assert "away_since" not in _published(ada, now + 28 * DAY).receipt


def test_a_pause_that_no_issue_fell_into_tells_of_nothing(ada: Subscription, lifted: Paper, now: dt.datetime) -> None:
    _published(ada, now)
    ada.refresh_from_db()
    slot = ada.next_issue_at
    assert slot
    preferences.pause(ada.pk, now + DAY / 2, now + DAY / 4)
    preferences.resume(ada.pk, now + DAY / 3)
    ada.refresh_from_db()
    assert ada.next_issue_at == slot
    assert "away_since" not in _published(ada, slot).receipt
