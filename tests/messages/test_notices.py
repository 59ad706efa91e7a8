"""Notices as messages: confirmation, link, change of address."""

import datetime as dt
import email
import email.policy

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digest import notices
from digest.messages import delivery_of
from digest.models import Delivery
from subscriptions.models import Notice, Subscriber
from tests.messages import people

pytestmark = pytest.mark.django_db


def _delivery(reader: Subscriber, kind: str, **values: object) -> Delivery:
    notice = Notice.objects.create(
        subscriber=reader,
        kind=kind,
        key=f"{kind}:{reader.pk}",
        expires_at=people.NOW + dt.timedelta(days=7),
        **values,
    )
    return Delivery.objects.create(
        notice=notice,
        subscriber=reader,
        domain=reader.domain,
        priority=Delivery.Priority.NOTICE,
        message_id=f"<notice-{notice.pk}@papers.example.org>",
        next_attempt_at=people.NOW,
    )


@pytest.mark.parametrize(
    ("kind", "path", "subject"),
    [
        ("confirmation", "/confirm/", "Confirm your subscription to Paper Round"),
        ("magic-link", "/session/", "Your link to Paper Round"),
        ("address-confirmation", "/address/", "Confirm this address for Paper Round"),
    ],
)
def test_a_notice_carries_its_link_in_both_parts(kind: str, path: str, subject: str) -> None:
    delivery = _delivery(people.subscriber(), kind)
    outgoing = notices.messages_for([delivery], people.NOW)[delivery.pk]
    message = email.message_from_bytes(outgoing.content, policy=email.policy.default)
    assert message["Subject"] == subject
    assert message["From"] == "Paper Round <hello@papers.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in message
    assert delivery_of(outgoing.envelope_sender) == delivery.pk
    for part in ("plain", "html"):
        body = message.get_body((part,))
        assert body is not None
        assert f"https://papers.example.org{path}" in body.get_content()
        assert "Monday 23 March 2026, 07:01 (Europe/Paris)" in " ".join(body.get_content().split())


def test_the_old_address_is_told_and_the_new_one_is_not_named() -> None:
    delivery = _delivery(people.subscriber(address="new@example.com"), "address-changed", recipient="old@example.org")
    outgoing = notices.messages_for([delivery], people.NOW)[delivery.pk]
    assert outgoing.recipient == "old@example.org"
    assert b"new@example.com" not in outgoing.content
    assert b"Your digest has moved" in outgoing.content


def test_nothing_that_a_stranger_typed_reaches_a_confirmation() -> None:
    reader = people.subscriber(name="Buy pills at https://evil.example.net", address="victim@example.org")
    delivery = _delivery(reader, "confirmation", context={"note": "Buy pills"})
    content = notices.messages_for([delivery], people.NOW)[delivery.pk].content
    assert b"pills" not in content
    assert b"evil" not in content


def test_many_notices_cost_one_query() -> None:
    deliveries = [_delivery(people.subscriber(f"reader{number}"), "confirmation") for number in range(9)]
    with CaptureQueriesContext(connection) as queries:
        made = notices.messages_for(deliveries, people.NOW)
    assert len(made) == 9
    assert len(queries) == 1
