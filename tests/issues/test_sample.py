"""The sample that is offered once a subscription is confirmed."""

import datetime as dt

import pytest
from django.test import Client

from digest import issues
from digest.models import Delivery, Issue
from subscriptions import tokens

from .cast import DAY, HOUR, MONDAY, digest_for, paper, reader, titles, topic

pytestmark = pytest.mark.django_db
FRIDAY = MONDAY - 3 * DAY


def test_a_sample_goes_out_at_once_without_a_number_and_leaves_the_schedule_alone() -> None:
    robots = topic("robots")
    subscription = digest_for(reader(), robots)
    paper("Arms", robots, listed_at=FRIDAY - DAY)
    done = issues.publish_sample(subscription.pk, FRIDAY)
    issue = Issue.objects.get(pk=done.issues[0])
    assert (issue.kind, issue.number, titles(issue)) == ("sample", None, ["Arms"])
    assert Delivery.objects.get().state == "queued"
    subscription.refresh_from_db()
    assert subscription.next_issue_at == MONDAY


def test_the_first_issue_is_number_one_and_repeats_nothing_of_the_sample() -> None:
    robots = topic("robots")
    subscription = digest_for(reader(), robots)
    paper("Arms", robots, listed_at=FRIDAY - DAY)
    issues.publish_sample(subscription.pk, FRIDAY)
    paper("Legs", robots, listed_at=FRIDAY + HOUR)
    issues.publish_due(MONDAY, 10)
    first = Issue.objects.get(number=1)
    assert (first.kind, titles(first)) == ("regular", ["Legs"])


def test_there_is_one_sample_and_none_after_an_issue() -> None:
    robots = topic("robots")
    subscription = digest_for(reader(), robots)
    paper("Arms", robots, listed_at=FRIDAY - DAY)
    issues.publish_sample(subscription.pk, FRIDAY)
    again = issues.publish_sample(subscription.pk, FRIDAY + HOUR)
    assert again.refused == {subscription.pk: "a sample or an issue went out already"}


def test_a_sample_with_nothing_in_it_is_skipped_and_may_be_asked_for_again() -> None:
    robots = topic("robots")
    subscription = digest_for(reader(), robots)
    assert issues.publish_sample(subscription.pk, FRIDAY).issues == []
    assert Delivery.objects.get().state == "skipped"
    paper("Arms", robots, listed_at=FRIDAY + HOUR)
    assert len(issues.publish_sample(subscription.pk, FRIDAY + 2 * HOUR).issues) == 1


@pytest.mark.parametrize("fields", [{"ended_at": FRIDAY, "next_issue_at": None}, {"next_issue_at": None}])
def test_an_ended_or_unconfirmed_digest_has_no_sample(fields: dict[str, dt.datetime | None]) -> None:
    subscription = digest_for(reader(), **fields)
    assert issues.publish_sample(subscription.pk, FRIDAY).refused
    assert issues.publish_sample(0, FRIDAY).refused == {0: "there is no subscription 0"}


def test_the_button_sends_it_and_looking_does_not(client: Client) -> None:
    robots = topic("robots")
    now = dt.datetime.now(dt.UTC)
    subscription = digest_for(reader(), robots, next_issue_at=now + DAY)
    paper("Arms", robots, listed_at=now - DAY)
    path = f"/sample/{tokens.sign(tokens.Scope.MESSAGE, subscription.pk, 0)}/"
    assert "Send me a sample now" in client.get(path).content.decode()
    assert not Issue.objects.exists()
    assert "on its way" in client.post(path).content.decode()
    assert "No sample was sent" in client.post(path).content.decode()
    assert Issue.objects.count() == 1
    assert client.post("/sample/1.0.x/").status_code == 404
