"""Events that providers post: believed when they know the secret and are signed, done once, translated into our verdicts."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from digest import bounces
from digest.intake import webhooks
from digest.messages import return_path
from digest.models import Bounce, Delivery
from subscriptions.models import Subscription, Suppression
from tests.bounces.reports import delivery_status
from tests.delivery.cast import MONDAY, waiting

pytestmark = pytest.mark.django_db

SECRET = "events:a-long-secret-of-ours"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:papers"
AUTHORIZATION = "Basic " + base64.b64encode(SECRET.encode()).decode()


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.intake.addresses"
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": "key", "MAILGUN_API_KEY": "other"}
    settings.EVENT_TOPICS = frozenset({TOPIC})


def _post(path: str, body: Mapping[str, object], **headers: str) -> int:
    headers.setdefault("authorization", AUTHORIZATION)
    client = Client(raise_request_exception=False)
    return client.post(f"/events/{path}/", json.dumps(body), content_type="application/json", headers=headers).status_code


def _postmark(delivery: Delivery, kind: str = "HardBounce", **more: object) -> dict[str, object]:
    return {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": kind,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"return-path": return_path(delivery.pk)},
        "Email": delivery.subscriber.address,
        "BouncedAt": timezone.now().isoformat(),
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist",
        "Description": "The server was unable to deliver your message",
    } | more


def test_a_hard_bounce_suppresses_and_a_repeated_event_changes_nothing() -> None:
    (ada,) = waiting("ada")
    assert _post("postmark/tracking", _postmark(ada)) == 200
    assert _post("postmark/tracking", _postmark(ada)) == 200
    assert Bounce.objects.get().verdict == "suppress"
    assert Suppression.objects.standing().get().reason == "hard-bounce"


def test_an_event_without_the_secret_is_refused() -> None:
    (ada,) = waiting("ada")
    assert (
        _post("postmark/tracking", _postmark(ada), authorization="Basic " + base64.b64encode(b"events:guess").decode()) == 400
    )
    assert _post("postmark/tracking", _postmark(ada), authorization="") == 400
    assert not Bounce.objects.exists()


def test_the_servers_words_count_for_more_than_the_providers_type() -> None:
    (ada,) = waiting("ada")
    _post("postmark/tracking", _postmark(ada, Details="smtp;550 5.7.1 blocked using a block list", Description=""))
    assert Bounce.objects.get().verdict == "sender-fault"
    assert not Suppression.objects.exists()


def test_an_old_event_is_a_replay_and_changes_nothing() -> None:
    (ada,) = waiting("ada")
    long_ago = (timezone.now() - dt.timedelta(days=15)).isoformat()
    assert _post("postmark/tracking", _postmark(ada, BouncedAt=long_ago)) == 200
    assert not Bounce.objects.exists()


def test_an_event_about_nobody_we_know_changes_nothing() -> None:
    (ada,) = waiting("ada")
    assert _post("postmark/tracking", _postmark(ada, Metadata={"return-path": "bounces+forged@papers.example.org"})) == 200
    assert not Bounce.objects.exists()


def test_an_event_of_a_provider_without_metadata_is_told_by_its_tag() -> None:
    (ada,) = waiting("ada")
    assert _post("postmark/tracking", _postmark(ada, Metadata={}, Tag=return_path(ada.pk))) == 200
    assert Bounce.objects.get().verdict == "suppress"


def test_a_complaint_suppresses() -> None:
    (ada,) = waiting("ada")
    complaint = _postmark(ada, "SpamComplaint", RecordType="SpamComplaint")
    assert _post("postmark/tracking", complaint) == 200
    assert Suppression.objects.standing().get().reason == "complaint"


def test_a_message_that_comes_in_by_a_provider_is_taken_like_any_other() -> None:
    (ada,) = waiting("ada")
    inbound = {
        "OriginalRecipient": return_path(ada.pk),
        "RawEmail": delivery_status("550 5.1.1 User unknown", "5.1.1", to=return_path(ada.pk)).decode(),
    }
    assert _post("postmark/inbound", inbound) == 200
    assert Bounce.objects.get().verdict == "suppress"


def _mailgun(delivery: Delivery, key: str = "key", event: str = "failed", **more: object) -> dict[str, object]:
    timestamp, token = str(int(timezone.now().timestamp())), "a" * 50
    return {
        "signature": {
            "timestamp": timestamp,
            "token": token,
            "signature": hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest(),
        },
        "event-data": {
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "event": event,
            "timestamp": float(timestamp),
            "recipient": delivery.subscriber.address,
            "message": {"headers": {"message-id": delivery.message_id.strip("<>")}},
            **more,
        },
    }


def test_a_forged_signature_is_refused() -> None:
    (ada,) = waiting("ada")
    complained = {"event": "complained"}
    assert _post("mailgun/tracking", _mailgun(ada, "guess", **complained)) == 400
    assert not Bounce.objects.exists()
    assert _post("mailgun/tracking", _mailgun(ada, **complained)) == 200
    assert Bounce.objects.get().verdict == "complaint"


def test_a_delivered_message_is_no_longer_uncertain() -> None:
    (ada,) = waiting("ada")
    Delivery.objects.update(state="uncertain", reason="no answer to the final dot", doubts=1)
    assert _post("mailgun/tracking", _mailgun(ada, event="delivered")) == 200
    assert Delivery.objects.get().state == "accepted"


def test_a_message_that_the_provider_refused_has_failed() -> None:
    (ada,) = waiting("ada")
    Delivery.objects.update(state="uncertain", reason="no answer to the final dot", doubts=1)
    event = bounces.Event("Example", "1", "rejected", MONDAY, "ada@example.org", message_id=ada.message_id, reason="invalid")
    assert bounces.take(event, MONDAY).done == "the address is suppressed"
    assert Delivery.objects.get().state == "failed"


def test_unsubscribing_at_the_provider_ends_the_subscription() -> None:
    (ada,) = waiting("ada")
    assert _post("mailgun/tracking", _mailgun(ada, event="unsubscribed")) == 200
    assert Subscription.objects.get().ended_at is not None
    assert not Suppression.objects.exists()


def test_a_topic_that_is_not_ours_is_refused() -> None:
    notification: dict[str, object] = {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": "arn:aws:sns:eu-west-1:999999999999:evil",
        "Message": json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded"}),
    }
    kind = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": "1"}
    assert _post("amazon_ses/tracking", notification, **kind, **{"x-amz-sns-topic-arn": str(notification["TopicArn"])}) == 403
    assert _post("amazon_ses/tracking", notification, **kind) == 403


def test_a_provider_that_is_none_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="EVENTS_FROM names pigeon, which is no provider"):
        webhooks.addresses({"pigeon", "mailgun"})


@pytest.mark.parametrize(
    ("kind", "reason", "said", "verdict"),
    [
        ("bounced", "invalid", "", "suppress"),
        ("bounced", "bounced", "552 5.2.2 Mailbox full", "soft"),
        ("bounced", "blocked", "", "sender-fault"),
        ("bounced", "timed_out", "", "soft"),
        ("rejected", "spam", "", "complaint"),
        ("rejected", "unsubscribed", "", "soft"),
        ("rejected", "bounced", "it is on the provider's list", "suppress"),
        ("failed", "", "no template", "sender-fault"),
        ("complained", "", "", "complaint"),
        ("deferred", "", "421 4.7.0 try again", "ignore"),
        ("opened", "", "", "ignore"),
        ("something new", "", "", "ignore"),
    ],
)
def test_every_kind_of_event_has_its_verdict(kind: str, reason: str, said: str, verdict: str) -> None:
    event = bounces.Event("Example", "1", kind, MONDAY, "ada@example.org", reason=reason, said=said)
    assert bounces.events.judge(event).verdict == verdict
