"""The record of consent."""

import pytest
from django.db import IntegrityError, transaction

from subscriptions.models import Consent, Subscriber

pytestmark = pytest.mark.django_db


def _consent() -> Consent:
    ada = Subscriber.objects.create(address="ada@example.org", mailbox_hash=b"ada", time_zone="Europe/Paris")
    return Consent.objects.create(
        subscriber=ada,
        mailbox_hash=b"ada",
        event="requested",
        method="form",
        wording="Send me papers.",
        wording_version="1",
    )


def test_the_database_refuses_to_rewrite_consent() -> None:
    consent = _consent()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Consent.objects.filter(pk=consent.pk).update(wording="Sell my address.")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Consent.objects.filter(pk=consent.pk).delete()


def test_consent_outlives_its_subscriber() -> None:
    consent = _consent()
    Subscriber.objects.all().delete()
    consent.refresh_from_db()
    assert (consent.subscriber, bytes(consent.mailbox_hash), consent.wording) == (None, b"ada", "Send me papers.")
