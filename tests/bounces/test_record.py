"""What a verdict does."""

import datetime as dt
import mailbox
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from digest.bounces import record
from digest.messages import return_path
from digest.models import Bounce, Delivery
from subscriptions.models import Subscription, Suppression
from tests.bounces.reports import delivery_status, feedback
from tests.delivery.cast import MONDAY, issue_for, reader, waiting

pytestmark = pytest.mark.django_db

WEEK = dt.timedelta(days=7)
UNKNOWN = ("550 5.1.1 User unknown", "5.1.1")
FULL = ("552 5.2.2 Mailbox full", "5.2.2")


def test_the_signed_return_path_says_whom_a_bounce_concerns() -> None:
    ada, _ = waiting("ada", "grace")
    recorded = record(delivery_status(*UNKNOWN), MONDAY, return_path(ada.pk))
    assert recorded.done == "the address is suppressed"
    assert Bounce.objects.get().delivery == ada
    assert Suppression.objects.standing().get().reason == "hard-bounce"


def test_a_return_path_that_we_did_not_sign_concerns_nobody() -> None:
    waiting("ada")
    forged = delivery_status(*UNKNOWN, to="bounces+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa@papers.example.org")
    assert "no message of ours" in record(forged, MONDAY).done
    assert not Bounce.objects.exists()
    assert not Suppression.objects.exists()


def test_a_complaint_is_found_by_the_message_id_inside_it() -> None:
    (ada,) = waiting("ada")
    Delivery.objects.update(message_id="<issue-abcdefgh234567@papers.example.org>")
    complaint = feedback("abuse").replace(b"{message_id}", b"<issue-abcdefgh234567@papers.example.org>")
    assert record(complaint, MONDAY).done == "the address is suppressed"
    assert Suppression.objects.standing().get().reason == "complaint"
    assert Bounce.objects.get().delivery == ada


def test_a_fault_of_the_sender_suppresses_nobody() -> None:
    (ada,) = waiting("ada")
    record(delivery_status("550 5.7.1 Blocked", "5.7.1"), MONDAY, return_path(ada.pk))
    assert Bounce.objects.get().verdict == "sender-fault"
    assert not Suppression.objects.exists()


def test_a_mailbox_that_was_full_for_three_issues_gets_a_rest() -> None:
    ada = reader("ada")
    done = []
    for week in range(3):
        delivery = issue_for_week(ada.pk, week)
        done.append(record(delivery_status(*FULL), MONDAY + week * WEEK, return_path(delivery.pk)).done)
    assert done == ["it is kept in mind", "it is kept in mind", "the subscription pauses for 28 days"]
    assert Subscription.objects.get().paused_until == MONDAY + 2 * WEEK + dt.timedelta(days=28)


def test_an_issue_that_came_back_three_times_counts_once() -> None:
    delivery = issue_for_week(reader("ada").pk, 0)
    for attempt in range(3):
        report = delivery_status(*FULL).replace(b"{message_id}", f"<{attempt}@relay.example.net>".encode())
        assert record(report, MONDAY, return_path(delivery.pk)).done == "it is kept in mind"
    assert Bounce.objects.count() == 3
    assert Subscription.objects.get().paused_until is None


def test_what_is_long_past_no_longer_counts() -> None:
    ada = reader("ada")
    for week in (0, 1, 20):
        record(delivery_status(*FULL), MONDAY + week * WEEK, return_path(issue_for_week(ada.pk, week).pk))
    assert Subscription.objects.get().paused_until is None


def issue_for_week(subscriber: int, week: int) -> Delivery:
    from digest.models import Issue
    from subscriptions.models import Subscriber

    person = Subscriber.objects.get(pk=subscriber)
    Issue.objects.filter(number=1).update(number=None)
    return issue_for(person, MONDAY + week * WEEK)


def test_a_report_settles_what_was_uncertain() -> None:
    (ada,) = waiting("ada")
    Delivery.objects.update(state="uncertain", reason="no answer to the final dot", doubts=1)
    record(delivery_status(*FULL), MONDAY, return_path(ada.pk))
    assert Delivery.objects.get().state == "accepted"


def test_a_maildir_is_taken_once(tmp_path: Path) -> None:
    (ada,) = waiting("ada")
    box = mailbox.Maildir(tmp_path / "box")
    box.add(delivery_status(*UNKNOWN, to=return_path(ada.pk)))
    output = StringIO()
    call_command("take_bounces", maildir=tmp_path / "box", stdout=output)
    call_command("take_bounces", maildir=tmp_path / "box", stdout=output)
    assert output.getvalue().count("the address is suppressed") == 1
    assert Bounce.objects.count() == 1
    with pytest.raises(CommandError, match="not a Maildir"):
        call_command("take_bounces", maildir=tmp_path, stdout=output)


def test_the_signed_return_path_outweighs_whatever_else_a_report_names() -> None:
    ada, grace = waiting("ada", "grace")
    Delivery.objects.filter(pk=grace.pk).update(message_id="<issue-abcdefgh234567@papers.example.org>")
    report = delivery_status(*UNKNOWN, to=return_path(ada.pk))
    report = report.replace(b"{message_id}", b"<issue-abcdefgh234567@papers.example.org>")
    record(report.replace(b"rfc822; ada@", b"rfc822; grace@"), MONDAY)
    assert Bounce.objects.get().delivery == ada
    assert Suppression.objects.standing().count() == 1
