"""A clock, a digest and two papers."""

import datetime as dt

import pytest
from django.test import Client
from pytest_django import Settings

from digest.models import Paper
from subscriptions import account, limits, tokens
from subscriptions.models import Subscription, Topic

from . import cast


@pytest.fixture(autouse=True)
def _fresh_counters(settings: Settings) -> None:
    limits.client(settings.REDIS_URL).flushdb()


@pytest.fixture
def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def koopman(db: None) -> Topic:
    return cast.topic()


@pytest.fixture
def ada(koopman: Topic, now: dt.datetime) -> Subscription:
    return cast.ada(now, topics=("koopman",))


@pytest.fixture
def inside(ada: Subscription, client: Client, now: dt.datetime) -> Client:
    """A browser in Ada's session."""
    notice = account.send_link("ada@example.org", now).notice
    assert notice
    client.post(tokens.notice_path(notice))
    return client


@pytest.fixture
def lifted(koopman: Topic, now: dt.datetime) -> Paper:
    cast.shelf(now)
    made = cast.paper("Koopman operators for control", cast.KOOPMAN, now, "Ada Lovelace", "Emmy Noether", arxiv="2603.00001")
    made.paper_topics.create(topic=koopman, score=0.9)
    return made


@pytest.fixture
def routed(db: None, now: dt.datetime) -> Paper:
    return cast.paper("Expert routing", cast.ROUTING, now, "Grace Hopper", arxiv="2603.00002")
