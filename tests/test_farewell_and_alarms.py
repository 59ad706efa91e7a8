"""What is told once everything is over, and what an operator is told while something is wrong."""

import datetime as dt
import email
import email.policy
from collections.abc import Iterator

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest import alarms, farewell
from digest.models import AlarmSent, Brake, Source
from subscriptions import account, signals
from subscriptions.models import Suppression
from subscriptions.suppression import suppress
from tests.delivery.relay import Relay
from tests.issues.cast import DAY, HOUR, MONDAY, digest_for, reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def relay(settings: object) -> Iterator[Relay]:
    started = Relay().start()
    settings.SMTP_URL = f"smtp://127.0.0.1:{started.port}"  # type: ignore[attr-defined]
    yield started
    started.stop()


def _words(content: bytes) -> str:
    part = email.message_from_bytes(content, policy=email.policy.default).get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def test_an_erasure_is_announced_with_the_address_that_no_row_keeps(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ada = reader()
    digest_for(ada)
    heard: list[tuple[str, dict[str, int]]] = []

    def hear(address: str, removed: dict[str, int], **_: object) -> None:
        heard.append((address, removed))

    signals.erased.disconnect(dispatch_uid="farewell")
    signals.erased.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            account.erase(ada, MONDAY)
    finally:
        signals.erased.disconnect(hear)
        farewell.connect()
    ((address, removed),) = heard
    assert address == "ada@example.org"
    assert removed["subscriptions.Subscription"] == 1


def test_the_last_message_counts_what_went_and_says_that_it_is_the_last(relay: Relay) -> None:
    assert farewell.say("ada@example.org", {"subscriptions.Subscription": 1, "digest.Issue": 12}, MONDAY)
    (taken,) = relay.taken
    assert taken.recipient == "ada@example.org"
    assert "12 issues, 1 subscription. No digest will come again." in _words(taken.content)
    assert "This is the last message to this address." in _words(taken.content)


def test_an_address_that_must_not_be_mailed_gets_no_last_message_either(relay: Relay) -> None:
    suppress("ada@example.org", Suppression.Reason.COMPLAINT, "", MONDAY)
    assert not farewell.say("ada@example.org", {"digest.Issue": 1}, MONDAY)
    assert not relay.taken


def test_the_operator_is_told_once_that_nothing_is_published_and_again_when_it_happens_again(relay: Relay) -> None:
    digest = digest_for(reader())
    assert alarms.check(MONDAY + HOUR / 2) == []
    (told,) = alarms.check(MONDAY + 2 * HOUR)
    assert told.since == MONDAY
    assert alarms.check(MONDAY + 3 * HOUR) == []
    digest.next_issue_at = MONDAY + 7 * DAY
    digest.save()
    assert alarms.check(MONDAY + 4 * HOUR) == []
    assert not AlarmSent.objects.exists()
    assert len(alarms.check(MONDAY + 8 * DAY)) == 1
    assert len(relay.taken) == 2
    assert "Issues were due and nobody has published them: 1" in _words(relay.taken[0].content)


def test_a_silent_source_is_named_with_what_to_do(relay: Relay) -> None:
    Source.objects.create(
        slug="arxiv", name="arXiv", format="arxiv-rss", url="https://arxiv.example.org/rss", last_success_at=MONDAY - 4 * DAY
    )
    (told,) = alarms.check(MONDAY)
    assert told.happened == "arXiv has not answered"
    assert "manage.py poll arxiv" in _words(relay.taken[0].content)


def test_a_brake_is_told_with_the_time_when_it_was_set(relay: Relay) -> None:
    Brake.objects.create(kind=Brake.Kind.RESTORE, why="this database is a copy", since=MONDAY - 3 * HOUR)
    (told,) = alarms.check(MONDAY)
    assert told.since == MONDAY - 3 * HOUR
    assert "Sending stands still: the database was restored or copied: this database is a copy" in _words(
        relay.taken[0].content
    )


def test_an_operators_own_pause_is_told_only_when_it_lasts_a_day(relay: Relay) -> None:
    Brake.objects.create(kind=Brake.Kind.OPERATOR, why="the relay moves", set_by="Ada", since=MONDAY)
    assert alarms.check(MONDAY + 23 * HOUR) == []
    (told,) = alarms.check(MONDAY + DAY)
    assert told.since == MONDAY
    assert "the relay moves" in told.happened


def test_an_alarm_that_the_relay_did_not_take_is_tried_again(settings: object) -> None:
    digest_for(reader())
    settings.SMTP_URL = "smtp://127.0.0.1:9"  # type: ignore[attr-defined]
    with pytest.raises(ConnectionRefusedError):
        alarms.check(MONDAY + dt.timedelta(hours=2))
    assert not AlarmSent.objects.exists()


def test_an_alarm_reaches_the_webhook_though_the_relay_is_away(settings: Settings, httpserver: HTTPServer) -> None:
    told: list[dict[str, str]] = []

    def take(request: Request) -> Response:
        told.append(request.get_json())
        return Response(status=204)

    httpserver.expect_request("/alarm", method="POST").respond_with_handler(take)
    settings.ALARM_WEBHOOK = httpserver.url_for("/alarm")
    settings.SMTP_URL = "smtp://127.0.0.1:9"
    digest_for(reader(), next_issue_at=MONDAY)
    for hours in (2, 3):
        with pytest.raises(OSError, match="refused"):
            alarms.check(MONDAY + hours * HOUR)
    (body,) = told
    assert body["alarm"] == "nothing published"
    assert "nobody has published" in body["text"]


def test_a_webhook_that_does_not_take_an_alarm_is_told_again(relay: Relay, settings: Settings, httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/alarm").respond_with_data(status=503)
    httpserver.expect_oneshot_request("/alarm").respond_with_data(status=200)
    settings.ALARM_WEBHOOK = httpserver.url_for("/alarm")
    digest_for(reader(), next_issue_at=MONDAY)
    for hours in (2, 3, 4):
        alarms.check(MONDAY + hours * HOUR)
    assert len(httpserver.log) == 2
    assert len(relay.taken) == 1
