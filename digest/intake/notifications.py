"""Amazon's notifications (SNS): whose they are is told by their signature, for anybody can post to an address.

The text that is signed, the fields in it and their order are those of the SNS developer guide, "Verifying the signatures of
Amazon SNS messages". The certificate that a message names is fetched from Amazon's own host for the region of the topic, and
from nowhere else: a message could otherwise bring its own.
"""

import base64
import binascii
import datetime as dt
import functools
import json
import re
from collections.abc import Callable, Collection

import httpx2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CertificateAt = Callable[[str], bytes]

_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    # Version 1 is what a topic uses until it is told otherwise.
    "1": hashes.SHA1(),  # noqa: S303 - Amazon's choice
    "2": hashes.SHA256(),
}
_CERTIFICATE = re.compile(
    r"https://sns\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?/SimpleNotificationService-[0-9a-f]{8,64}\.pem"
)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]+):\d+:[\w.-]+")
_PATIENCE = 5.0
_LARGEST = 20_000


class Forged(Exception):
    """The notification is not Amazon's, or of none of our topics; the text says why."""


class Unreachable(Exception):
    """The certificate could not be had now: the notification has to come again."""


def verify(body: bytes, topics: Collection[str], now: dt.datetime, certificate_at: CertificateAt) -> None:
    """Return when the notification is from one of these topics and signed by Amazon; raise Forged or Unreachable else."""
    try:
        message = json.loads(body)
    except ValueError as error:
        raise Forged("it is not JSON") from error
    if not isinstance(message, dict) or not all(isinstance(value, str) for value in message.values()):
        raise Forged("it is not an object of strings")
    topic = _TOPIC.fullmatch(message.get("TopicArn", ""))
    if topic is None or message["TopicArn"] not in topics:
        raise Forged("its topic is not known here")
    place = _CERTIFICATE.fullmatch(message.get("SigningCertURL", ""))
    if place is None or place["region"] != topic["region"]:
        raise Forged("its certificate is not where Amazon keeps those of the topic's region")
    algorithm = _HASHES.get(message.get("SignatureVersion", ""))
    if algorithm is None:
        raise Forged("its signature is of no known version")
    try:
        signature = base64.b64decode(message.get("Signature", ""), validate=True)
    except binascii.Error as error:
        raise Forged("its signature is not base64") from error
    key = _key(certificate_at(place[0]), now)
    try:
        key.verify(signature, signed_text(message), padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise Forged("its signature is not true") from error


def signed_text(message: dict[str, str]) -> bytes:
    """What Amazon signs: the names and values of some fields, each on a line of its own. Raises Forged for an unknown type."""
    names = _SIGNED.get(message.get("Type", ""))
    if names is None:
        raise Forged("its type is not known")
    if missing := set(names) - {"Subject"} - message.keys():
        raise Forged(f"it lacks {', '.join(sorted(missing))}")
    return "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()


def _key(certificate: bytes, now: dt.datetime) -> rsa.RSAPublicKey:
    try:
        parsed = x509.load_pem_x509_certificate(certificate)
    except ValueError as error:
        raise Unreachable("what came is no certificate") from error
    if not parsed.not_valid_before_utc <= now <= parsed.not_valid_after_utc:
        raise Forged("its certificate is not valid now")
    key = parsed.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Forged("its certificate has no RSA key")
    return key


@functools.lru_cache(maxsize=16)
def amazons(url: str) -> bytes:
    """The certificate at an address that `verify` has looked at, kept while the process lives. Raises Unreachable."""
    try:
        # TLS vouches for the host; a redirect away from it is not followed.
        answer = httpx2.get(url, timeout=_PATIENCE, follow_redirects=False)
    except httpx2.HTTPError as error:
        raise Unreachable(f"the certificate cannot be fetched ({type(error).__name__})") from error
    if answer.status_code != 200 or len(answer.content) > _LARGEST:
        raise Unreachable(f"the certificate cannot be fetched (status {answer.status_code})")
    return answer.content
