"""Sending this week's issue now."""

import pytest

from digest import issues
from digest.models import Issue
from tests.issues.cast import DAY, HOUR, MONDAY, WEEK, digest_for, paper, reader, settle, titles

pytestmark = pytest.mark.django_db


def test_it_publishes_the_issue_of_the_latest_hour_that_has_passed() -> None:
    subscription = digest_for(reader(), next_issue_at=MONDAY + WEEK)
    paper("Today's", listed_at=MONDAY + 2 * DAY)
    done = issues.publish([subscription.pk], MONDAY + 3 * DAY)
    issue = Issue.objects.get()
    assert (done.claimed, done.published, done.refused) == (1, 1, {})
    assert (issue.due_at, issue.number) == (MONDAY, 1)
    assert titles(issue) == ["Today's"]
    subscription.refresh_from_db()
    assert subscription.next_issue_at == MONDAY + WEEK


def test_a_second_request_publishes_nothing_and_says_why() -> None:
    subscription = digest_for(reader(), next_issue_at=MONDAY + WEEK)
    paper("Something")
    issues.publish([subscription.pk], MONDAY + HOUR)
    again = issues.publish([subscription.pk], MONDAY + 2 * HOUR)
    assert (again.claimed, again.published, again.skipped) == (1, 0, 0)
    assert again.refused == {subscription.pk: "the issue due Monday 16 March 07:00 was already published"}
    assert Issue.objects.count() == 1


def test_the_next_regular_issue_goes_on_where_it_ended() -> None:
    subscription = digest_for(reader(), next_issue_at=MONDAY + WEEK)
    paper("Early", listed_at=MONDAY + DAY)
    issues.publish([subscription.pk], MONDAY + 3 * DAY)
    settle(Issue.objects.all())
    paper("Late", listed_at=MONDAY + 4 * DAY)
    issues.publish_due(MONDAY + WEEK, limit=10)
    second = Issue.objects.get(number=2)
    assert second.window_start == MONDAY + 3 * DAY
    assert titles(second) == ["Late"]


def test_one_that_is_due_anyway_is_not_due_again() -> None:
    subscription = digest_for(reader())
    paper("Something")
    issues.publish([subscription.pk], MONDAY + HOUR)
    assert issues.publish_due(MONDAY + HOUR, limit=10).claimed == 0
    subscription.refresh_from_db()
    assert subscription.next_issue_at == MONDAY + WEEK


def test_an_issue_that_was_skipped_can_be_made_anew() -> None:
    subscription = digest_for(reader())
    issues.publish_due(MONDAY, limit=10)
    paper("Came in late", listed_at=MONDAY + HOUR)
    done = issues.publish([subscription.pk], MONDAY + 2 * HOUR)
    assert done.published == 1
    assert titles(Issue.objects.get()) == ["Came in late"]


def test_what_is_not_live_is_refused_with_the_reason() -> None:
    ended = digest_for(reader("ended"), next_issue_at=None, ended_at=MONDAY)
    pending = digest_for(reader("pending", confirmed=False), next_issue_at=None)
    paused = digest_for(reader("paused"), paused_until=MONDAY + WEEK)
    done = issues.publish([ended.pk, pending.pk, paused.pk, 999_999], MONDAY + HOUR)
    assert done.refused == {
        ended.pk: "it has ended",
        pending.pk: "it is not confirmed yet",
        paused.pk: "paused until Monday 23 March 07:00",
        999_999: "there is no subscription 999999",
    }
    assert not Issue.objects.exists()


def test_an_instant_before_the_last_issue_is_refused() -> None:
    subscription = digest_for(reader(), next_issue_at=MONDAY + WEEK)
    paper("Something", listed_at=MONDAY + DAY)
    issues.publish([subscription.pk], MONDAY + WEEK - HOUR)
    settle(Issue.objects.all())
    subscription.hour = 18
    subscription.save()
    before = issues.publish([subscription.pk], MONDAY + DAY)
    assert before.refused == {
        subscription.pk: "an issue that covers everything up to Monday 23 March 06:00 was already published"
    }
