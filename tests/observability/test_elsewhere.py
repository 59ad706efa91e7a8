"""What goes to Sentry and to a collector of traces, where an operator wants that, holds no address and no token."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from django.test import Client
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from digest.observability import sentry
from subscriptions import consent, tokens
from subscriptions.models import Subscription
from tests.issues.cast import MONDAY, digest_for, reader

pytestmark = pytest.mark.django_db
ADDRESS = "ada.lovelace@example.org"
COOKIE = "-".join(("session", "cookie"))  # whole in no line of source that a report quotes


class _Kept(Transport):  # type: ignore[misc] # sentry-sdk ships no types for it
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(json.dumps([item.get_event() for item in envelope.items], default=str))


@pytest.fixture
def kept() -> Iterator[_Kept]:
    transport = _Kept()
    sentry.start("https://key@sentry.example.org/1", transport=transport)
    yield transport
    sentry_sdk.get_client().close()
    sentry_sdk.init()


def test_a_fault_reaches_sentry_without_address_path_query_cookie_or_local(kept: _Kept) -> None:
    secret = tokens.sign(tokens.Scope.UNSUBSCRIBE, 7)
    with sentry_sdk.new_scope() as scope:
        scope.set_user({"email": ADDRESS, "ip_address": "192.0.2.7"})
        scope.add_breadcrumb(message=f"mailed {ADDRESS}")
        scope.set_extra("recipient", ADDRESS)
        scope.add_event_processor(
            lambda event, _: {
                **event,
                "request": {"url": f"https://papers.example.org/unsubscribe/{secret}/", "cookies": COOKIE},
            }
        )
        try:
            int(ADDRESS)
        except ValueError:
            logging.getLogger("digest").exception("A delivery to %s failed", ADDRESS)
    sentry_sdk.flush()
    assert len(kept.sent) == 1
    assert "ValueError" in kept.sent[0]
    for personal in (ADDRESS, "ada.lovelace", secret, "192.0.2.7", COOKIE):
        assert personal not in kept.sent[0], personal


def test_a_page_that_fails_reaches_sentry_by_its_route(kept: _Kept, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tokens.unsubscribe_path(7)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("subscriptions.consent.ending", broken)
    client.raise_request_exception = False
    assert client.get(secret, {"address": ADDRESS}).status_code == 500
    sentry_sdk.flush()
    assert kept.sent
    for sent in kept.sent:
        for personal in (ADDRESS, "ada.lovelace", secret, secret.split("/")[2]):
            assert personal not in sent, personal
    assert any("/unsubscribe/{token}/" in sent for sent in kept.sent)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentors: list[Any] = [DjangoInstrumentor(), PsycopgInstrumentor()]
    for each in instrumentors:
        each.instrument(tracer_provider=provider)
    yield exporter
    for each in instrumentors:
        each.uninstrument()


def _digest() -> Subscription:
    return digest_for(reader())


def test_a_trace_names_routes_and_statements_and_neither_addresses_nor_tokens(
    client: Client, spans: InMemorySpanExporter
) -> None:
    secret = tokens.unsubscribe_path(_digest().pk)
    client.get(secret, {"address": ADDRESS})
    consent.subscribe(consent.SignUp(ADDRESS), MONDAY)
    told = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert "GET unsubscribe/<str:token>/" in told
    for personal in (ADDRESS, "ada.lovelace", secret, secret.split("/")[2]):
        assert personal not in told, personal
