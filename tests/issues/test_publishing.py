"""What a reader gets, and when, and what the ledger says when there is nothing."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digest import issues
from digest.issues import gist
from digest.models import Delivery, Feedback, Issue, Paper, RankingConfiguration, Source, SourceDay
from subscriptions.models import Subscription, Suppression
from subscriptions.suppression import suppress
from tests.issues.cast import DAY, HOUR, MONDAY, WEEK, digest_for, paper, reader, settle, titles, topic

pytestmark = pytest.mark.django_db


def test_a_due_subscription_gets_an_issue_of_its_topics() -> None:
    robots, stars = topic("robot-learning"), topic("stellar-physics")
    subscription = digest_for(reader(), robots)
    grasp = paper("Grasping soft things", robots)
    paper("Old giants", stars)

    done = issues.publish_due(MONDAY, limit=10)

    issue = Issue.objects.get(subscription=subscription)
    assert (done.claimed, done.published, done.skipped, done.issues, done.refused) == (1, 1, 0, [issue.pk], {})
    assert issue.paper_ids[0] == grasp.pk
    assert (issue.number, issue.due_at, issue.window_start, issue.window_end) == (1, MONDAY, MONDAY - WEEK, MONDAY)
    assert [each["paper"] for each in issue.slate] == issue.paper_ids
    assert issue.slate[0]["score"] == sum(term["value"] for term in issue.slate[0]["terms"])
    assert issue.receipt["considered"] == 2
    assert issue.receipt["shown"] == len(issue.paper_ids)
    assert issue.receipt["topics"] == ["Robot learning"]
    assert issue.receipt["trending_only"] is False


def test_the_delivery_waits_in_the_ledger_from_the_same_moment() -> None:
    subscription = digest_for(reader())
    paper("Something")
    issues.publish_due(MONDAY, limit=10)
    delivery = Delivery.objects.get(issue__subscription=subscription)
    assert (delivery.state, delivery.domain, delivery.priority) == ("queued", "example.org", Delivery.Priority.ISSUE)
    assert (delivery.next_attempt_at, delivery.subscriber) == (MONDAY, subscription.subscriber)
    assert delivery.message_id.startswith("<issue-")


def test_the_next_issue_is_due_at_the_next_slot() -> None:
    subscription = digest_for(reader())
    paper("Something")
    issues.publish_due(MONDAY + HOUR, limit=10)
    subscription.refresh_from_db()
    assert subscription.next_issue_at == MONDAY + WEEK


def test_who_asked_for_nothing_gets_trending_and_the_receipt_says_so() -> None:
    digest_for(reader())
    paper("Quiet", upvotes=1)
    paper("Talk of the town", upvotes=200)
    issues.publish_due(MONDAY, limit=10)
    issue = Issue.objects.get()
    assert issue.receipt["trending_only"] is True
    assert titles(issue)[0] == "Talk of the town"


def test_nobody_gets_an_issue_before_its_hour_or_without_confirmation_or_after_the_end() -> None:
    digest_for(reader("early"), next_issue_at=MONDAY + HOUR)
    digest_for(reader("pending", confirmed=False))
    digest_for(reader("ended"), next_issue_at=None, ended_at=MONDAY - DAY)
    paper("Something")
    assert issues.publish_due(MONDAY, limit=10) == issues.Published()
    assert not Issue.objects.exists()


def test_a_batch_takes_the_longest_waiting_first() -> None:
    late = digest_for(reader("late"), next_issue_at=MONDAY)
    digest_for(reader("later"), next_issue_at=MONDAY + HOUR)
    paper("Something")
    assert issues.publish_due(MONDAY + 2 * HOUR, limit=1).claimed == 1
    assert Issue.objects.get().subscription == late


def test_a_window_starts_where_the_last_issue_ended() -> None:
    subscription = digest_for(reader())
    paper("Before", listed_at=MONDAY - HOUR)
    issues.publish_due(MONDAY + HOUR, limit=10)
    settle(Issue.objects.all())
    paper("At the very end", listed_at=MONDAY + HOUR)
    paper("After", listed_at=MONDAY + 2 * HOUR)
    issues.publish_due(MONDAY + WEEK, limit=10)
    first, second = Issue.objects.filter(subscription=subscription).order_by("number")
    assert (first.number, second.number) == (1, 2)
    assert (first.window_end, second.window_start) == (MONDAY + HOUR, MONDAY + HOUR)
    assert titles(first) == ["Before"]
    assert set(titles(second)) == {"At the very end", "After"}


def test_a_paper_listed_at_the_instant_of_publishing_waits_for_the_next_issue() -> None:
    digest_for(reader())
    paper("In", listed_at=MONDAY - dt.timedelta(microseconds=1))
    paper("Out", listed_at=MONDAY)
    issues.publish_due(MONDAY, limit=10)
    assert titles(Issue.objects.get()) == ["In"]


@pytest.mark.parametrize("state", [Delivery.State.FAILED, Delivery.State.SKIPPED])
def test_an_issue_that_never_went_out_leaves_its_papers_and_its_window_to_the_next(state: Delivery.State) -> None:
    digest_for(reader())
    paper("Still unread")
    issues.publish_due(MONDAY, limit=10)
    settle(Issue.objects.all(), state, "the mailbox is full")
    issues.publish_due(MONDAY + WEEK, limit=10)
    second = Issue.objects.latest("pk")
    assert titles(second) == ["Still unread"]
    assert second.window_start == MONDAY - WEEK
    assert second.number == 2


def test_what_one_digest_of_a_person_has_brought_the_other_does_not() -> None:
    ada = reader()
    digest_for(ada)
    second = digest_for(ada, weekday=1, next_issue_at=MONDAY + DAY)
    paper("Only once")
    issues.publish_due(MONDAY, limit=10)
    issues.publish_due(MONDAY + DAY, limit=10)
    issue = Issue.objects.get(subscription=second)
    assert issue.paper_ids == []
    assert issue.delivery.reason == "nothing new in your window"
    assert issue.receipt["excluded"] == {"already sent": 1}


def test_two_digests_of_one_person_never_choose_the_same_paper() -> None:
    ada, robots = reader(), topic("robot-learning")
    for name in ("one", "two"):
        digest_for(ada, robots, name=name, size=2)
    for number in range(4):
        paper(f"Robot number {number}", robots)
    done = issues.publish_due(MONDAY, limit=10)
    assert done.published == 2
    one, two = Issue.objects.order_by("subscription_id")
    assert len(one.paper_ids) == len(two.paper_ids) == 2
    assert not set(one.paper_ids) & set(two.paper_ids)


def test_a_paper_sent_before_it_was_merged_into_another_does_not_come_again() -> None:
    digest_for(reader())
    twin = paper("Known under two names")
    issues.publish_due(MONDAY, limit=10)
    survivor = paper("Known under two names, now one", listed_at=MONDAY + DAY)
    middle = paper("Between", listed_at=MONDAY + DAY, merged_into=survivor)
    twin.merged_into = middle
    twin.save()
    paper("New", listed_at=MONDAY + DAY)
    issues.publish_due(MONDAY + WEEK, limit=10)
    second = Issue.objects.get(number=2)
    assert titles(second) == ["New"]
    assert second.receipt["excluded"]["already sent"] == 1


def test_the_receipt_counts_what_was_left_out_of_each_readers_own_window() -> None:
    weekly = digest_for(reader("weekly"))
    daily = digest_for(reader("daily"), cadence="daily")
    paper("News", listed_at=MONDAY - HOUR)
    paper("Withdrawn", listed_at=MONDAY - HOUR, withdrawn_at=MONDAY)
    paper("Withdrawn days ago", listed_at=MONDAY - 3 * DAY, withdrawn_at=MONDAY)
    for days in (16, 30):
        old = paper(f"Announced {days} days ago", listed_at=MONDAY - HOUR)
        Paper.objects.filter(pk=old.pk).update(announced_at=MONDAY - days * DAY)
    issues.publish_due(MONDAY, limit=10)
    # Sixteen days are long before a window of one day, and not long before a window of one week.
    assert Issue.objects.get(subscription=weekly).receipt["considered"] == 2
    assert Issue.objects.get(subscription=weekly).receipt["excluded"] == {"withdrawn": 2, "announced long before": 1}
    assert Issue.objects.get(subscription=daily).receipt["considered"] == 1
    assert Issue.objects.get(subscription=daily).receipt["excluded"] == {"withdrawn": 1, "announced long before": 2}
    assert titles(Issue.objects.get(subscription=daily)) == ["News"]


def test_the_receipt_counts_days_on_which_a_source_brought_nothing() -> None:
    digest_for(reader())
    paper("Something")
    source = Source.objects.create(slug="archive", name="Archive", format=Source.Format.ARXIV)
    for days, filled_at in ((2, None), (3, MONDAY), (20, None)):
        day = (MONDAY - days * DAY).date()
        SourceDay.objects.create(source=source, day=day, missing_since=MONDAY - DAY, filled_at=filled_at)
    issues.publish_due(MONDAY, limit=10)
    assert Issue.objects.get().receipt["missing_days"] == 1


def test_a_week_with_nothing_new_sends_nothing_and_says_why() -> None:
    subscription = digest_for(reader())
    done = issues.publish_due(MONDAY, limit=10)
    issue = Issue.objects.get()
    assert (done.published, done.skipped, done.issues) == (0, 1, [])
    assert (issue.number, issue.paper_ids, issue.slate) == (None, [], [])
    assert (issue.delivery.state, issue.delivery.reason) == ("skipped", "nothing new in your window")
    assert issue.delivery.finished_at == MONDAY
    subscription.refresh_from_db()
    assert subscription.next_issue_at == MONDAY + WEEK


def test_a_week_in_which_nothing_matches_sends_nothing_and_says_why() -> None:
    digest_for(reader(), topic("robot-learning"))
    paper("Old giants", topic("stellar-physics"))
    issues.publish_due(MONDAY, limit=10)
    assert Delivery.objects.get().reason == "none of the 1 new papers matched what you asked for"


def test_a_quiet_week_uses_up_no_number() -> None:
    digest_for(reader())
    issues.publish_due(MONDAY, limit=10)
    paper("News", listed_at=MONDAY + DAY)
    issues.publish_due(MONDAY + WEEK, limit=10)
    assert Issue.objects.latest("pk").number == 1


def test_a_suppressed_mailbox_gets_nothing_and_the_ledger_says_why() -> None:
    ada = reader()
    digest_for(ada)
    paper("Something")
    suppress(ada.address, Suppression.Reason.COMPLAINT, "", MONDAY)
    assert issues.publish_due(MONDAY, limit=10).skipped == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason, delivery.issue and delivery.issue.number) == ("skipped", "suppressed", None)


def test_an_outage_of_five_weeks_is_followed_by_one_issue() -> None:
    subscription = digest_for(reader())
    paper("From the second week", listed_at=MONDAY + WEEK)
    paper("From the last week", listed_at=MONDAY + 5 * WEEK - DAY)
    back = MONDAY + 5 * WEEK + HOUR
    done = issues.publish_due(back, limit=10)
    assert (done.claimed, done.published, done.skipped) == (1, 1, 1)
    late, issue = Issue.objects.order_by("due_at")
    assert (late.due_at, late.number, late.delivery.state) == (MONDAY, None, "skipped")
    # Paris has changed its clocks between the two.
    assert late.delivery.reason == ("too late: due Monday 16 March 07:00; the issue due Monday 20 April 07:00 stands in for it")
    assert (issue.number, issue.due_at) == (1, MONDAY + 5 * WEEK - HOUR)
    assert titles(issue) == ["From the last week"]
    subscription.refresh_from_db()
    assert subscription.next_issue_at == MONDAY + 6 * WEEK - HOUR
    assert issues.publish_due(back, limit=10).claimed == 0


def test_after_an_outage_the_window_reaches_back_two_cadences_at_most() -> None:
    digest_for(reader())
    paper("First")
    issues.publish_due(MONDAY, limit=10)
    settle(Issue.objects.all())
    paper("Too long ago", listed_at=MONDAY + WEEK)
    paper("Ten days ago", listed_at=MONDAY + 4 * WEEK - 3 * DAY)
    issues.publish_due(MONDAY + 5 * WEEK, limit=10)
    issue = Issue.objects.get(number=2)
    assert issue.window_end - issue.window_start == 2 * WEEK
    assert titles(issue) == ["Ten days ago"]


def test_an_issue_a_few_days_late_still_goes_out_as_itself() -> None:
    digest_for(reader())
    paper("Something")
    issues.publish_due(MONDAY + 6 * DAY, limit=10)
    issue = Issue.objects.get()
    assert (issue.number, issue.due_at, issue.window_end) == (1, MONDAY, MONDAY + 6 * DAY)


def test_a_paused_subscription_moves_to_the_first_slot_after_its_pause() -> None:
    subscription = digest_for(reader(), paused_until=MONDAY + WEEK + HOUR)
    paper("Something")
    done = issues.publish_due(MONDAY, limit=10)
    assert (done.claimed, done.published, done.skipped) == (1, 0, 0)
    assert done.refused == {subscription.pk: "paused until Monday 23 March 08:00"}
    subscription.refresh_from_db()
    assert subscription.next_issue_at == MONDAY + 2 * WEEK - HOUR
    assert not Issue.objects.exists()


def test_a_pause_that_ends_at_a_slot_ends_with_its_issue() -> None:
    subscription = digest_for(reader(), paused_until=MONDAY + WEEK)
    issues.publish_due(MONDAY, limit=10)
    subscription.refresh_from_db()
    assert subscription.next_issue_at == MONDAY + WEEK
    paper("Something", listed_at=MONDAY + DAY)
    assert issues.publish_due(MONDAY + WEEK, limit=10).published == 1


def test_the_first_issue_after_a_pause_says_from_when_on_it_gathers_and_the_next_does_not() -> None:
    subscription = digest_for(reader())
    paper("Before")
    issues.publish_due(MONDAY, limit=10)
    Subscription.objects.update(paused_at=MONDAY + HOUR, paused_until=MONDAY + 2 * WEEK - DAY)
    issues.publish_due(MONDAY + WEEK, limit=10)
    for week in (2, 3):
        paper(f"Week {week}", listed_at=MONDAY + week * WEEK - 2 * DAY)
        issues.publish_due(MONDAY + week * WEEK, limit=10)
    said = [each.receipt.get("away_since") for each in Issue.objects.filter(subscription=subscription).order_by("due_at")]
    assert said == [None, "2026-03-16", None]


def test_a_pause_that_left_out_no_issue_makes_none_of_them_special() -> None:
    digest_for(reader())
    paper("Before")
    issues.publish_due(MONDAY, limit=10)
    Subscription.objects.update(paused_at=MONDAY + HOUR, paused_until=MONDAY + 2 * DAY)
    paper("After", listed_at=MONDAY + DAY)
    issues.publish_due(MONDAY + WEEK, limit=10)
    assert "away_since" not in Issue.objects.latest("due_at").receipt


def test_an_issue_says_what_was_learned_since_the_last_one() -> None:
    subscription = digest_for(reader())
    liked, old = paper("Liked"), paper("Old")
    Feedback.objects.create(subscription=subscription, paper=old, vote=Feedback.Vote.LESS, created_at=MONDAY - DAY)
    issues.publish_due(MONDAY, limit=10)
    assert "learned" not in Issue.objects.get().receipt
    Feedback.objects.create(subscription=subscription, paper=liked, vote=Feedback.Vote.MORE, created_at=MONDAY + DAY)
    Feedback.objects.create(subscription=subscription, paper=liked, vote=Feedback.Vote.SAVE, created_at=MONDAY + DAY)
    paper("New", listed_at=MONDAY + 2 * DAY)
    issues.publish_due(MONDAY + WEEK, limit=10)
    issue = Issue.objects.latest("due_at")
    assert issue.receipt["learned"] == {"more": 1, "save": 1}
    assert gist.read(issue.gist).learned == {"more": 1, "save": 1}


def test_a_schedule_that_cannot_be_read_holds_nobody_else_up() -> None:
    lost = digest_for(reader("lost", time_zone="Europe/Atlantis"))
    digest_for(reader("found"))
    paper("Something")
    done = issues.publish_due(MONDAY, limit=10)
    assert done.published == 1
    assert "'Europe/Atlantis' is not a time zone" in done.refused[lost.pk]
    lost.refresh_from_db()
    assert lost.next_issue_at == MONDAY + DAY


def test_an_issue_names_the_configuration_that_made_it() -> None:
    digest_for(reader())
    paper("Something")
    issues.publish_due(MONDAY, limit=10)
    assert RankingConfiguration.objects.get().version == 1
    weights = RankingConfiguration.objects.get().weights
    RankingConfiguration.objects.create(version=2, weights={**weights, "near_misses": 0}, note="no near misses")
    Subscription.objects.update(next_issue_at=MONDAY + WEEK)
    paper("Something else", listed_at=MONDAY + DAY)
    issues.publish_due(MONDAY + WEEK, limit=10)
    assert Issue.objects.get(number=2).configuration.version == 2


def test_a_batch_takes_the_same_number_of_queries_whatever_its_size() -> None:
    robots = topic("robot-learning")

    def queries(readers: int, at: dt.datetime) -> int:
        for number in range(readers):
            digest_for(reader(f"{at:%d}-{number}"), robots, next_issue_at=at)
        paper(f"News of {at:%d}", robots, listed_at=at - HOUR)
        with CaptureQueriesContext(connection) as captured:
            assert issues.publish_due(at, limit=100).published == readers
        Subscription.objects.update(next_issue_at=None)
        return len(captured)

    queries(1, MONDAY)
    assert queries(2, MONDAY + WEEK) == queries(12, MONDAY + 2 * WEEK)
