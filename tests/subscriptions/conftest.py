"""A familiar cast and a clock that the tests turn."""

import datetime as dt

import pytest

from subscriptions import consent, tokens
from subscriptions.models import Notice, Subscription, Topic

NOW = dt.datetime(2026, 3, 13, 9, 30, tzinfo=dt.UTC)  # a Friday


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def topics(db: None) -> list[Topic]:
    return [
        Topic.objects.create(slug="robot-learning", name="Robot learning", field="Robotics", description="Robots that learn."),
        Topic.objects.create(slug="koopman", name="Koopman operators", field="Mathematics", description="Linear dynamics."),
    ]


@pytest.fixture
def ada(topics: list[Topic]) -> Subscription:
    """Ada has a confirmed weekly digest on robots."""
    asked = consent.subscribe(consent.SignUp("ada@example.org", topics=("robot-learning",)), NOW)
    assert asked.notice
    confirmed = consent.confirm(token(asked.notice), NOW)
    assert confirmed.subscription
    return confirmed.subscription


def token(notice: Notice) -> str:
    """The token in the notice's link."""
    return tokens.notice_path(notice).split("/")[2]


def unsubscribe_token(subscription: Subscription) -> str:
    return tokens.unsubscribe_path(subscription.pk).split("/")[2]
