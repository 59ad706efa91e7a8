"""One click stops what is already queued."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from digest import delivery, issues
from digest.models import Delivery, Paper
from subscriptions import consent, tokens
from subscriptions.consent import SignUp
from tests.delivery.relay import Relay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def relay(settings: Settings) -> Iterator[Relay]:
    running = Relay().start()
    settings.SMTP_URL = running.url
    yield running
    running.stop()


def test_a_queued_issue_is_not_sent_after_one_click_even_with_redis_away(relay: Relay, settings: Settings) -> None:
    now = dt.datetime.now(dt.UTC)
    subscriptions = []
    for address in ("ada@example.org", "grace@example.org"):
        notice = consent.subscribe(SignUp(address), now).notice
        assert notice
        found = consent.confirm(tokens.notice_path(notice).split("/")[2], now).subscription
        assert found
        subscriptions.append(found)
    at = now - dt.timedelta(days=1)
    Paper.objects.create(title="Arms", abstract="On arms.", title_source="Arms", upvotes=9, announced_at=at, listed_at=at)
    done = issues.publish([each.pk for each in subscriptions], now)
    assert done.published == 2
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    answer = Client().post(tokens.unsubscribe_path(subscriptions[0].pk), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    delivery.deliver(dt.datetime.now(dt.UTC), 10)
    assert [taken.recipient for taken in relay.taken] == ["grace@example.org"]
    skipped = Delivery.objects.get(state="skipped")
    assert skipped.reason == "the subscription has ended"
