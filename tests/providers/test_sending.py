"""Messages handed to a provider's interface, and what the ledger says of them."""

import base64
import datetime as dt
import re
import uuid
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.db import connection
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest import bounces, providers
from digest.delivery import Delivered, brakes
from digest.messages import Outgoing, return_path
from digest.models import Brake, Delivery
from digest.providers import keys
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


def test_two_requests_for_one_message_carry_one_key(settings: Any) -> None:
    from django.core.mail import EmailMessage as Mail

    made = []
    for _ in range(2):
        message, backend = Mail(), SimpleNamespace(session=SimpleNamespace(headers={}))
        for provider in ("brevo", "resend", "mailgun"):
            keys.add(provider, backend, message, "<issue-1.abc@papers.example.org>")
        made.append((message.extra_headers, backend.session.headers))
    assert made[0] == made[1]
    headers, requested = made[0]
    assert requested == {"Idempotency-Key": "issue-1.abc@papers.example.org"}
    assert list(headers) == ["idempotencyKey"]
    assert uuid.UUID(headers["idempotencyKey"]).version == 5


# What each needs to be set up, and where its requests go.
PROVIDERS: dict[str, dict[str, Any]] = {
    "amazon_ses": {
        "AMAZON_SES_CLIENT_PARAMS": {
            "aws_access_key_id": "key", "aws_secret_access_key": "key", "region_name": "eu-west-1", "endpoint_url": "{url}",
        },
    },
    "brevo": {"BREVO_API_KEY": "key"},
    "mailersend": {"MAILERSEND_API_TOKEN": "key"},
    "mailgun": {"MAILGUN_API_KEY": "key", "MAILGUN_SENDER_DOMAIN": "papers.example.org"},
    "mailjet": {"MAILJET_API_KEY": "key", "MAILJET_SECRET_KEY": "key"},
    "mailtrap": {"MAILTRAP_API_TOKEN": "key"},
    "mandrill": {"MANDRILL_API_KEY": "key"},
    "postal": {"POSTAL_API_KEY": "key"},
    "postmark": {"POSTMARK_SERVER_TOKEN": "key"},
    "resend": {"RESEND_API_KEY": "key"},
    "scaleway": {"SCALEWAY_SECRET_KEY": "key", "SCALEWAY_PROJECT_ID": "project"},
    "sendgrid": {"SENDGRID_API_KEY": "key"},
    "sparkpost": {"SPARKPOST_API_KEY": "key"},
    "unisender_go": {"UNISENDER_GO_API_KEY": "key"},
}  # fmt: skip


def _reads(body: bytes, name: str) -> bool:
    """Whether a request holds these words: as they are, in a form, or within base64."""
    plain = body.decode("utf-8", "replace").replace("\\u003c", "<").replace("\\u003e", ">")
    runs = re.findall(r"[A-Za-z0-9+/=\\n]{80,}", plain)
    decoded = [base64.b64decode(each.replace("\\n", "") + "==") for each in runs]
    return name in plain or name in unquote_plus(plain) or any(name in each.decode("utf-8", "replace") for each in decoded)


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_each_provider_is_told_the_address_the_words_and_our_message_id(
    settings: Any, httpserver: HTTPServer, provider: str
) -> None:
    (ada,) = waiting("ada")
    seen: list[bytes] = []

    def handler(request: Request) -> Response:
        seen.append(request.get_data())
        return Response("{}", 422, content_type="application/json")

    httpserver.expect_request(re.compile(".*")).respond_with_handler(handler)
    address = httpserver.url_for("/")
    given = {
        name: {key: str(part).replace("{url}", address) for key, part in value.items()} if isinstance(value, dict) else value
        for name, value in PROVIDERS[provider].items()
    }
    settings.ANYMAIL_ESP = provider
    settings.ANYMAIL = {**given, f"{provider.upper()}_API_URL": address, "REQUESTS_TIMEOUT": 5}
    _deliver()
    ada.refresh_from_db()
    assert (ada.state, len(seen)) == ("failed", 1), ada.reply
    for words in ("ada@example.org", "A paper, and what it says", "<p>A paper</p>", return_path(ada.pk)):
        assert _reads(seen[0], words), words
    assert _reads(seen[0], ada.message_id.strip("<>"))


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


def test_a_domain_that_sends_messages_back_gets_one_on_probation_and_then_all(httpserver: HTTPServer) -> None:
    waiting("ada", "alan", "grace", domain="example.com")
    waiting("emmy", domain="example.net")
    seen = _answer(httpserver)
    brakes.open_breaker("example.com", "5 messages came back that blame us: 550 5.7.1 blocked", MONDAY)
    assert _deliver() == {"accepted": 1}
    later = MONDAY + dt.timedelta(minutes=6)
    probed = providers.deliver(later, 1, policy=policy("smtp://127.0.0.1:9", connections=3), make=_letters)
    assert (dict(probed.by_state), len(seen)) == ({"accepted": 1}, 2)
    assert not Brake.objects.standing().exists()
    assert _deliver() == {"accepted": 2}


def test_an_event_settles_what_nobody_answered(httpserver: HTTPServer) -> None:
    (ada,) = waiting("ada")
    _answer(httpserver, 504)
    assert _deliver() == {"uncertain": 1}
    event = bounces.Event("Resend", "1", "delivered", MONDAY, "ada@example.org", return_path=return_path(ada.pk))
    bounces.take(event, MONDAY)
    assert Delivery.objects.get().state == "accepted"
