"""What needs the operator is named on the first page, and what is well is not."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from digest import dashboard
from digest.celery import app
from digest.dashboard import reckoning
from digest.delivery import brakes
from digest.models import Brake, DayCount, Delivery, Preflight, Source
from subscriptions.models import Subscriber, Subscription
from tests.admin.conftest import NOW

pytestmark = pytest.mark.django_db


def now() -> dt.datetime:
    """The clocks of this machine and of the database agree; a made-up time would be told of."""
    return dt.datetime.now(dt.UTC)


def said() -> str:
    at = now()
    return " ".join(each.said for each in dashboard.warnings(at, dashboard.counted(at)))


def counted(kind: str, key: str, number: int) -> None:
    DayCount.objects.create(day=now().date(), kind=kind, key=key, number=number)


def test_a_quiet_service_needs_nobody() -> None:
    assert said() == ""


def test_complaints_are_told_from_a_thousandth_of_the_messages_on() -> None:
    counted("domain-accepted", "example.org", 4_001)
    counted("bounces", "complaint", 4)
    assert "complaint" not in said()
    DayCount.objects.filter(kind="bounces").update(number=5)
    assert "5 of 4,001 messages of the last 7 days brought a complaint: 0.12 %." in said()


def test_one_complaint_about_few_messages_is_no_rate() -> None:
    counted("domain-accepted", "example.org", 20)
    counted("bounces", "complaint", 1)
    assert said() == ""


def test_a_pause_and_a_domains_breaker_are_told() -> None:
    # A pause of less than a day is on every page already, and nobody has forgotten it.
    brakes.pause("the subject is wrong", "ada", now() - dt.timedelta(days=2))
    Brake.objects.create(kind="breaker", domain="example.net", why="refused five times in a row", since=now())
    told = said()
    assert "the subject is wrong" in told
    assert "Nothing goes to example.net: refused five times in a row." in told


def test_a_silent_source_leads_to_its_polls(operator: Client) -> None:
    source = Source.objects.create(
        slug="silent", name="Silent", format="syndication", url="https://feeds.example.org/", created_at=NOW
    )
    body = operator.get(reverse("admin:index")).content.decode()
    assert f'href="{reverse("admin:digest_poll_changelist")}?source__id__exact={source.pk}">Silent has not answered' in body


def test_issues_that_nobody_publishes_are_told() -> None:
    someone = Subscriber.objects.create(
        address="ada@example.org", mailbox_hash=b"ada", time_zone="UTC", status="confirmed", confirmed_at=NOW
    )
    Subscription.objects.create(subscriber=someone, next_issue_at=now() - dt.timedelta(hours=2))
    assert "nobody has published them: 1" in said()


def test_a_failed_preflight_and_a_clock_astray_are_told() -> None:
    Preflight.objects.create(ran_at=now(), fatal=True, findings=[{"check": "SPF", "level": "fatal"}])
    assert "The preflight holds issues back: SPF." in said()
    late = now() - dt.timedelta(minutes=9)
    told = [each.said for each in dashboard.warnings(late, dashboard.counted(late))]
    assert any("clock is" in each and "behind the database's" in each for each in told)


def test_a_broker_that_is_away_is_told(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "The broker gives no answer" in said()


def test_a_task_that_nobody_takes_is_told_with_its_age(settings: Settings) -> None:
    broker = app.connection_for_write()
    with broker:
        broker.SimpleQueue("ingest").clear()
        app.send_task("digest.tasks.poll_due_sources", queue="ingest", connection=broker)
        app.send_task("digest.tasks.poll_due_sources", queue="ingest", connection=broker)
        assert "tasks wait" not in said()
        at = now() + dt.timedelta(minutes=11)
        told = " ".join(each.said for each in dashboard.warnings(at, dashboard.counted(at)))
        assert re.search(r"2 tasks wait in the queue 'ingest', the oldest since \d+ \w+, \d\d:\d\d UTC\.", told)
        broker.SimpleQueue("ingest").clear()


@pytest.mark.usefixtures("full")
def test_beyond_its_reach_a_number_is_the_planners_and_says_so(
    monkeypatch: pytest.MonkeyPatch, operator: Client, django_assert_max_num_queries: object
) -> None:
    exact = dashboard.reckon(Delivery.objects.all())
    assert (exact.number, exact.trust) == (Delivery.objects.count(), "")
    monkeypatch.setattr(reckoning, "REACH", 1)
    guessed = dashboard.reckon(Delivery.objects.all())
    assert guessed.trust in {"about", "more than"}
    with django_assert_max_num_queries(24):  # type: ignore[operator]
        assert operator.get(reverse("admin:index")).status_code == 200
