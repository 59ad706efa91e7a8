"""Days are counted once, and say what they saw."""

import datetime as dt

import pytest

from digest import counts
from digest.models import Bounce, DayCount, Delivery, Poll, Source
from subscriptions.models import Consent, Notice, Subscriber, Subscription

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 16, 9, tzinfo=dt.UTC)
TODAY = NOW.date()


def ago(days: int) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def consent(event: str, at: dt.datetime) -> None:
    Consent.objects.create(mailbox_hash=bytes(32), event=event, method="form", wording="", wording_version="1", at=at)


def delivery(number: int, state: str, domain: str, at: dt.datetime) -> Delivery:
    subscriber, _ = Subscriber.objects.get_or_create(address="reader@example.org", mailbox_hash=bytes(32), time_zone="UTC")
    notice = Notice.objects.create(
        subscriber=subscriber, kind=Notice.Kind.MAGIC_LINK, key=str(number), expires_at=NOW + dt.timedelta(days=9)
    )
    return Delivery.objects.create(
        notice=notice, subscriber=subscriber, domain=domain, priority=Delivery.Priority.NOTICE, state=state, reason="said so",
        message_id=f"<{number}@example.org>", next_attempt_at=at, created_at=at, finished_at=at,
    )  # fmt: skip


def test_consent_is_counted_by_day_and_event() -> None:
    for event, days in (("requested", 2), ("requested", 0), ("confirmed", 0), ("unsubscribed", 1)):
        consent(event, ago(days))
    counts.refresh(NOW)
    three = [TODAY - dt.timedelta(days=back) for back in (2, 1, 0)]
    assert counts.series("signed-up", three) == {"": [1, 0, 1]}
    assert counts.series("confirmed", three) == {"": [0, 0, 1]}
    assert counts.series("left", three) == {"": [0, 1, 0]}


def test_reasons_for_leaving_are_kept_apart() -> None:
    subscriber = Subscriber.objects.create(address="reader@example.org", mailbox_hash=bytes(32), time_zone="UTC")
    for reason in ("unsubscribed by link", "unsubscribed by link", "unsubscribed by one-click"):
        Subscription.objects.create(subscriber=subscriber, ended_at=ago(0), ended_because=reason)
    counts.refresh(NOW)
    assert counts.series("left-because", [TODAY]) == {"unsubscribed by link": [2], "unsubscribed by one-click": [1]}


def test_a_day_that_still_changes_is_counted_anew() -> None:
    one = delivery(1, "failed", "example.org", ago(1))
    counts.refresh(NOW)
    Delivery.objects.filter(pk=one.pk).update(state="accepted")
    counts.refresh(NOW)
    yesterday = TODAY - dt.timedelta(days=1)
    assert counts.series("deliveries", [yesterday]) == {"accepted": [1]}


def test_days_long_past_are_counted_once_and_kept_when_their_rows_are_gone() -> None:
    consent("confirmed", ago(40))
    old = delivery(1, "accepted", "example.org", ago(30))
    assert counts.refresh(NOW) == 41
    old.delete()
    assert counts.refresh(NOW) == counts.RECOUNTED
    assert counts.total("deliveries", [TODAY - dt.timedelta(days=30)]) == 1


def test_domains_beyond_the_largest_are_one() -> None:
    for number in range(counts.DOMAINS + 5):
        delivery(number, "accepted", f"d{number:02}.example.org", ago(0))
    counts.refresh(NOW)
    found = counts.series("domain-accepted", [TODAY])
    assert len(found) == counts.DOMAINS + 1
    assert found[""] == [5]


def test_bounces_and_papers_are_counted_by_verdict_and_source() -> None:
    Bounce.objects.create(verdict=Bounce.Verdict.COMPLAINT, why="a complaint", received_at=ago(0))
    source = Source.objects.create(slug="a", name="A", format=Source.Format.ARXIV)
    Poll.objects.create(source=source, started_at=ago(0), entries_new=7)
    counts.refresh(NOW)
    assert counts.series("bounces", [TODAY]) == {"complaint": [1]}
    assert counts.series("papers", [TODAY]) == {str(source.pk): [7]}


def test_counting_twice_leaves_one_row_for_each() -> None:
    consent("confirmed", ago(0))
    counts.count(TODAY)
    counts.count(TODAY)
    assert DayCount.objects.filter(kind="confirmed").count() == 1
