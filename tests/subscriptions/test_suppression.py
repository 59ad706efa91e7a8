"""Addresses that are never mailed."""

import datetime as dt

import pytest
from pytest_django import Settings

from subscriptions import suppression
from subscriptions.models import Suppression

pytestmark = pytest.mark.django_db


def test_a_suppression_keeps_no_address_and_stands_once(now: dt.datetime) -> None:
    first = suppression.suppress("ada@example.org", Suppression.Reason.HARD_BOUNCE, "550 no such user", now)
    assert suppression.suppress("Ada@Example.org", Suppression.Reason.OPERATOR, "", now) == first
    assert "ada" not in str(Suppression.objects.values().get())


def test_a_lifted_suppression_stands_no_more(now: dt.datetime) -> None:
    hashed = suppression.mailbox_hash("ada@example.org")
    suppression.suppress("ada@example.org", Suppression.Reason.OPERATOR, "", now)
    assert suppression.standing([hashed, b"other"]) == {hashed}
    Suppression.objects.update(lifted_at=now)
    assert suppression.standing([hashed]) == set()


def test_the_hash_is_keyed(settings: Settings) -> None:
    before = suppression.mailbox_hash("ada@example.org")
    settings.IDENTITY_KEY = "another" * 20
    assert suppression.mailbox_hash("ada@example.org") != before
    assert len(before) == 32
