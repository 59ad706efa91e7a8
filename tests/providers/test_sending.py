"""Messages handed to a provider's interface, and what the ledger says of them."""

import datetime as dt
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from django.db import connection
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest import bounces, providers
from digest.delivery import Delivered
from digest.messages import Outgoing, return_path
from digest.models import Brake, Delivery
from tests.delivery.cast import MONDAY, policy, waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _provider(settings: Any, httpserver: HTTPServer) -> None:
    settings.DELIVERY_BACKEND, settings.ANYMAIL_ESP = "anymail", "resend"
    settings.ANYMAIL = {"RESEND_API_KEY": "key", "RESEND_API_URL": httpserver.url_for("/"), "REQUESTS_TIMEOUT": 5}


def _answer(httpserver: HTTPServer, status: int = 200) -> list[Request]:
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        try:
            state = Delivery.objects.get(message_id=f"<{request.headers['Idempotency-Key']}>").state
        finally:
            connection.close()
        assert state == "sending"
        return Response('{"id": "49a3999c"}', status, content_type="application/json")

    httpserver.expect_request("/emails", method="POST").respond_with_handler(handler)
    return seen


def _letters(deliveries: Sequence[Delivery], now: dt.datetime) -> dict[int, Outgoing]:
    """A message of two parts for each."""
    made = {}
    for delivery in deliveries:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = "Paper Round <digest@papers.example.org>", delivery.subscriber.address
        message["Subject"], message["Message-ID"] = "Papers", delivery.message_id
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(".A paper, and what it says.\n")
        message.add_alternative("<p>A paper</p>\n", subtype="html")
        made[delivery.pk] = Outgoing(return_path(delivery.pk), delivery.subscriber.address, bytes(message))
    return made


def _run() -> Delivered:
    return providers.deliver(MONDAY, 100, policy=policy("smtp://127.0.0.1:9", connections=3), make=_letters)


def _deliver() -> dict[str, int]:
    return dict(_run().by_state)


def test_a_message_goes_out_once_with_its_headers_and_what_its_events_need(httpserver: HTTPServer) -> None:
    (ada,) = waiting("ada")
    seen = _answer(httpserver)
    assert _deliver() == {"accepted": 1}
    ada.refresh_from_db()
    assert (ada.state, ada.attempts, ada.reply) == ("accepted", 1, "250 2.0.0 the provider took it as 49a3999c")
    assert len(seen) == 1
    body = seen[0].get_json()
    assert body["to"] == ["ada@example.org"]
    assert (body["from"], body["subject"]) == ("Paper Round <digest@papers.example.org>", "Papers")
    assert (body["text"], body["html"]) == (".A paper, and what it says.\n", "<p>A paper</p>\n")
    assert body["headers"]["Message-ID"] == ada.message_id
    assert body["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert return_path(ada.pk) in body["headers"]["X-Metadata"]
    assert _deliver() == {}


def test_many_go_out_in_rounds(httpserver: HTTPServer) -> None:
    waiting(*(f"reader-{number}" for number in range(25)))
    assert len(_answer(httpserver)) == 0
    assert _deliver() == {"accepted": 25}


@pytest.mark.parametrize(("status", "state"), [(429, "deferred"), (503, "deferred"), (422, "failed"), (504, "uncertain")])
def test_what_the_provider_answers_decides(httpserver: HTTPServer, status: int, state: str) -> None:
    waiting("ada")
    _answer(httpserver, status)
    assert _deliver() == {state: 1}


def test_a_provider_that_is_not_there_defers(settings: Any) -> None:
    waiting("ada")
    settings.ANYMAIL = settings.ANYMAIL | {"RESEND_API_URL": "http://127.0.0.1:9/"}
    assert _deliver() == {"deferred": 1}
    assert Delivery.objects.get().stage == "connect"


def test_a_key_that_is_refused_stops_everything(httpserver: HTTPServer) -> None:
    waiting("ada", "alan", "grace", "emmy")
    _answer(httpserver, 401)
    assert _deliver() == {"deferred": 3, "queued": 1}
    assert Brake.objects.standing().get().kind == "breaker"
    assert _run().claimed == 0


def test_an_event_settles_what_nobody_answered(httpserver: HTTPServer) -> None:
    (ada,) = waiting("ada")
    _answer(httpserver, 504)
    assert _deliver() == {"uncertain": 1}
    event = bounces.Event("Resend", "1", "delivered", MONDAY, "ada@example.org", return_path=return_path(ada.pk))
    bounces.take(event, MONDAY)
    assert Delivery.objects.get().state == "accepted"
