"""The three paths for probes."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from subscriptions.models import Subscriber, Subscription

TOKEN = "a token for the metrics alone"


def subscribe(next_issue_at: dt.datetime) -> Subscription:
    subscriber = Subscriber.objects.create(
        address="reader@example.org",
        mailbox_hash=bytes(32),
        time_zone="Europe/Paris",
        status=Subscriber.Status.CONFIRMED,
        confirmed_at=next_issue_at,
    )
    return Subscription.objects.create(subscriber=subscriber, next_issue_at=next_issue_at)


def test_alive_asks_nothing_of_the_database(client: Client) -> None:
    # No database mark: any query would fail this test.
    assert client.get("/healthz").content == b"alive\n"


def test_a_probe_may_come_with_a_host_that_is_none_of_ours(client: Client) -> None:
    assert client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/", headers={"Host": "10.0.0.7:8000"}).status_code == 400


def test_a_probe_can_change_nothing(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_ready_when_all_parts_answer(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "well": True, "database": "ok", "broker": "ok", "schedule": "ok"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_silent_schedule_is_said_and_takes_no_site_away(client: Client) -> None:
    subscribe(timezone.now() - dt.timedelta(minutes=40))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["well"] is False
    assert answer.json()["schedule"] == "an issue has been due for 40 minutes"


@pytest.mark.django_db
def test_a_broker_that_is_away_is_said(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nonexistent/valkey.sock"
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["broker"].startswith("no answer")


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_the_database(client: Client) -> None:
    own = connection.settings_dict
    kept, connection.settings_dict = own, {**own, "HOST": "/nonexistent"}
    connection.close()
    try:
        answer = client.get("/readyz")
    finally:
        connection.close()
        connection.settings_dict = kept
    assert answer.status_code == 503
    assert answer.json()["database"].startswith("no answer")


@pytest.mark.django_db
def test_metrics_exist_only_for_whoever_knows_the_token(client: Client, settings: Settings) -> None:
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": "Bearer guess"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.django_db
def test_metrics_say_how_late_the_schedule_is(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    subscribe(timezone.now() - dt.timedelta(hours=1))
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    (late,) = (line for line in text.splitlines() if line.startswith("paper_round_schedule_late_seconds "))
    assert 3600 <= float(late.split()[1]) < 3700
    assert 'paper_round_deliveries_waiting{state="queued"} 0.0' in text
    assert 'paper_round_queue_length{queue="send"}' in text


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_not_by_path(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    client.get("/unsubscribe/some-token/")
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    assert 'route="unsubscribe"' in text
    assert "some-token" not in text
