"""What is old goes, what is needed stays."""

import datetime as dt

import pytest

from digest import retention
from digest.models import Delivery, Poll, Source
from subscriptions.models import Notice, Subscriber

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 16, 6, tzinfo=dt.UTC)
DAYS = {"polls": 90, "deliveries": 730, "notices": 30}


def ago(days: int) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def delivery(key: str, state: Delivery.State, finished_at: dt.datetime | None, expires_at: dt.datetime) -> Delivery:
    subscriber, _ = Subscriber.objects.get_or_create(address="reader@example.org", mailbox_hash=bytes(32), time_zone="UTC")
    notice = Notice.objects.create(subscriber=subscriber, kind=Notice.Kind.MAGIC_LINK, key=key, expires_at=expires_at)
    return Delivery.objects.create(
        notice=notice, subscriber=subscriber, domain="example.org", priority=Delivery.Priority.NOTICE, state=state,
        message_id=f"<{key}@example.org>", next_attempt_at=NOW, finished_at=finished_at,
    )  # fmt: skip


def test_old_polls_go_and_new_ones_stay() -> None:
    source = Source.objects.create(slug="a", name="A", format=Source.Format.ARXIV)
    for days in (91, 89):
        Poll.objects.create(source=source, started_at=ago(days))
    assert retention.prune(NOW, DAYS)["polls"] == 1
    assert Poll.objects.get().started_at == ago(89)


def test_a_delivery_that_is_not_finished_is_never_removed() -> None:
    ahead = NOW + dt.timedelta(days=1)
    delivery("done", Delivery.State.ACCEPTED, ago(800), ahead)
    delivery("waits", Delivery.State.QUEUED, None, ahead)
    assert retention.prune(NOW, DAYS)["deliveries"] == 1
    assert Delivery.objects.get().message_id == "<waits@example.org>"


def test_a_notice_goes_a_month_after_its_link_died() -> None:
    delivery("old", Delivery.State.ACCEPTED, ago(40), ago(31))
    delivery("new", Delivery.State.ACCEPTED, ago(10), ago(5))
    assert retention.prune(NOW, DAYS)["notices"] == 1
    assert Notice.objects.get().key == "new"


def test_nought_days_keep_for_ever() -> None:
    source = Source.objects.create(slug="a", name="A", format=Source.Format.ARXIV)
    Poll.objects.create(source=source, started_at=ago(4000))
    assert "polls" not in retention.prune(NOW, {**DAYS, "polls": 0})
    assert Poll.objects.exists()
