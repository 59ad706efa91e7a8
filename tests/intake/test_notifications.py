"""Amazon's notifications are believed when Amazon signed them, for one of our topics, with a certificate from its own host."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.utils import timezone
from pytest_httpserver import HTTPServer

from digest.intake import notifications
from digest.intake.notifications import Forged, Unreachable
from digest.messages import return_path
from digest.models import Bounce, Delivery
from tests.delivery.cast import waiting
from tests.intake import amazon
from tests.intake.amazon import PLACE, TOPIC, notification
from tests.intake.test_webhooks import AUTHORIZATION, SECRET

TOPICS = frozenset({TOPIC})


def _verify(message: dict[str, str], topics: frozenset[str] = TOPICS) -> None:
    notifications.verify(json.dumps(message).encode(), topics, timezone.now(), amazon.certificate_at)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("fields", [{}, {"Subject": "Amazon SES"}])
def test_what_amazon_signed_is_believed(version: str, fields: dict[str, Any]) -> None:
    _verify(notification("{}", version=version, **fields))


def test_a_request_to_subscribe_is_signed_over_its_own_fields() -> None:
    asked: dict[str, Any] = {
        "Type": "SubscriptionConfirmation",
        "Token": "abc",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?x",
    }
    signed = notification("You have chosen", **asked)
    _verify(signed)
    with pytest.raises(Forged, match="not true"):
        _verify({**signed, "SubscribeURL": "https://sns.evil.example/"})


@pytest.mark.parametrize("field", ["Message", "MessageId", "Timestamp"])
def test_a_changed_field_is_seen(field: str) -> None:
    with pytest.raises(Forged, match="not true"):
        _verify({**notification("{}"), field: "other"})


def test_a_subject_that_was_added_is_seen() -> None:
    with pytest.raises(Forged, match="not true"):
        _verify({**notification("{}"), "Subject": "Hello"})


def test_anothers_key_is_not_amazons() -> None:
    theirs = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(Forged, match="not true"):
        _verify(notification("{}", by=theirs))


@pytest.mark.parametrize(
    "place",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem?x=https://evil.example",
        f"{PLACE}\n",
        "",
    ],
)
def test_a_certificate_is_fetched_from_amazons_host_for_the_topics_region_alone(place: str) -> None:
    def fetch(url: str) -> bytes:
        raise AssertionError(f"{url} was asked")

    message = {**notification("{}"), "SigningCertURL": place}
    with pytest.raises(Forged, match="certificate is not where"):
        notifications.verify(json.dumps(message).encode(), TOPICS, timezone.now(), fetch)


def test_a_certificate_that_is_over_vouches_for_nothing() -> None:
    body = json.dumps(notification("{}")).encode()
    with pytest.raises(Forged, match="not valid now"):
        notifications.verify(body, TOPICS, timezone.now(), lambda _: amazon.certificate(-1))


@pytest.mark.parametrize("arn", ["arn:aws:sns:eu-west-1:999999999999:papers", "", "papers"])
def test_anothers_topic_is_refused_although_amazon_signed_it(arn: str) -> None:
    with pytest.raises(Forged, match="topic is not known"):
        _verify(notification("{}", TopicArn=arn))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"TopicArn": 1}', b"\xff"])
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    with pytest.raises(Forged):
        notifications.verify(body, TOPICS, timezone.now(), amazon.certificate_at)


def test_a_host_that_does_not_answer_with_a_certificate_is_no_verdict(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/gone").respond_with_data("no", status=503)
    httpserver.expect_request("/moved").respond_with_data("", status=302, headers={"Location": httpserver.url_for("/there")})
    httpserver.expect_request("/large").respond_with_data("x" * 30_000)
    for path in ("/gone", "/moved", "/large"):
        with pytest.raises(Unreachable):
            notifications.amazons(httpserver.url_for(path))
    with pytest.raises(Unreachable, match="ConnectError"):
        notifications.amazons("http://127.0.0.1:9/")


@pytest.fixture
def _configured(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.intake.addresses"
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "AMAZON_SES_CLIENT_PARAMS": {"region_name": "eu-west-1"}}
    settings.EVENT_TOPICS = TOPICS


def _bounce(delivery: Delivery) -> str:
    return json.dumps(
        {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [
                    {
                        "emailAddress": delivery.subscriber.address,
                        "action": "failed",
                        "status": "5.1.1",
                        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                    }
                ],
                "timestamp": timezone.now().isoformat(),
                "feedbackId": "0100017",
            },
            "mail": {
                "messageId": "7c191be45-e9aedb9a-02f9-4d12",
                "destination": [delivery.subscriber.address],
                "timestamp": timezone.now().isoformat(),
                "headers": [{"name": "X-Metadata", "value": json.dumps({"return-path": return_path(delivery.pk)})}],
                "tags": {},
            },
        }
    )


def _post(message: dict[str, str], authorization: str = AUTHORIZATION) -> int:
    headers = {
        "x-amz-sns-message-type": message["Type"],
        "x-amz-sns-message-id": message["MessageId"],
        "x-amz-sns-topic-arn": TOPIC,
        "authorization": authorization,
    }
    client = Client(raise_request_exception=False)
    answer = client.post("/events/amazon_ses/tracking/", json.dumps(message), content_type="text/plain", headers=headers)
    return answer.status_code


@pytest.mark.django_db
@pytest.mark.usefixtures("_configured")
def test_a_signed_bounce_is_done_once_however_often_it_comes() -> None:
    (ada,) = waiting("ada")
    signed = notification(_bounce(ada))
    assert [_post(signed), _post(signed)] == [200, 200]
    assert Bounce.objects.get().verdict == "suppress"


@pytest.mark.django_db
@pytest.mark.usefixtures("_configured")
def test_a_forged_bounce_changes_nothing_even_with_the_secret() -> None:
    (ada,) = waiting("ada")
    theirs = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert _post(notification(_bounce(ada), by=theirs)) == 400
    assert _post({**notification(_bounce(ada)), "TopicArn": "arn:aws:sns:eu-west-1:999999999999:evil"}) == 400
    unsigned = {name: value for name, value in notification(_bounce(ada)).items() if not name.startswith("Sign")}
    assert _post(unsigned) == 400
    assert not Bounce.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_configured")
def test_a_signed_bounce_without_the_secret_is_refused() -> None:
    (ada,) = waiting("ada")
    assert _post(notification(_bounce(ada)), authorization="") == 401
    assert _post(notification(_bounce(ada)), authorization="Basic Z3Vlc3M6Z3Vlc3M=") == 400
    assert not Bounce.objects.exists()
