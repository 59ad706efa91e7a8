"""Suppressing by a typed address, and lifting."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from subscriptions.models import Suppression
from subscriptions.suppression import mailbox_hash

pytestmark = pytest.mark.django_db
ADD = "admin:subscriptions_suppression_add"
LIST = "admin:subscriptions_suppression_changelist"
CHANGE = "admin:subscriptions_suppression_change"


def suppress(operator: Client, address: str) -> Suppression:
    operator.post(reverse(ADD), {"address": address, "note": "asked by letter"})
    return Suppression.objects.latest("id")


def test_a_typed_address_is_kept_as_its_hash_alone(operator: Client) -> None:
    record = suppress(operator, " Ada@Example.org ")
    assert bytes(record.mailbox_hash) == mailbox_hash("ada@example.org")
    assert (record.reason, record.note, record.lifted_at) == ("operator", "asked by letter", None)
    assert "ada" not in " ".join(LogEntry.objects.values_list("object_repr", flat=True)).lower()


def test_what_is_no_address_is_refused_in_plain_words(operator: Client) -> None:
    response = operator.post(reverse(ADD), {"address": "ada", "note": ""})
    assert "This does not look like an email address." in response.content.decode()
    assert not Suppression.objects.exists()


def test_an_address_that_is_suppressed_is_not_suppressed_again(operator: Client) -> None:
    suppress(operator, "ada@example.org")
    response = operator.post(reverse(ADD), {"address": "ADA@example.org", "note": ""})
    assert "suppressed already" in response.content.decode()
    assert Suppression.objects.count() == 1


def test_a_whole_address_finds_its_suppression(operator: Client) -> None:
    record = suppress(operator, "ada@example.org")
    suppress(operator, "emmy@example.org")
    found = operator.get(reverse(LIST), {"q": "ada@example.org"}).context["cl"].queryset
    assert list(found) == [record]


def test_the_button_lifts_and_says_by_whom(operator: Client) -> None:
    record = suppress(operator, "ada@example.org")
    button = {"note": record.note, "subscriptions_suppression_lift": "1"}
    operator.post(reverse(CHANGE, args=[record.pk]), button)
    record.refresh_from_db()
    assert record.lifted_at is not None
    assert record.lifted_by == "operator"
    assert LogEntry.objects.filter(object_id=record.pk, change_message__contains="Lifted.", user__username="operator").exists()


def test_several_are_lifted_from_the_list_and_stay_in_the_record(operator: Client) -> None:
    chosen = [suppress(operator, f"{name}@example.org").pk for name in ("ada", "emmy")]
    operator.post(reverse(LIST), {"action": "lift_chosen", "_selected_action": chosen})
    assert not Suppression.objects.standing().exists()
    assert operator.get(reverse(LIST)).context["cl"].result_count == 0
    assert operator.get(reverse(LIST), {"standing": "lifted"}).context["cl"].result_count == 2


def test_opening_pages_lifts_nothing(operator: Client) -> None:
    record = suppress(operator, "ada@example.org")
    operator.get(reverse(CHANGE, args=[record.pk]), {"subscriptions_suppression_lift": "1"})
    assert Suppression.objects.standing().count() == 1


def test_viewers_may_not_lift(operator: Client, viewer: Client) -> None:
    record = suppress(operator, "ada@example.org")
    assert viewer.post(reverse(CHANGE, args=[record.pk]), {"subscriptions_suppression_lift": "1"}).status_code == 403
    viewer.post(reverse(LIST), {"action": "lift_chosen", "_selected_action": [record.pk]})
    assert Suppression.objects.standing().count() == 1
