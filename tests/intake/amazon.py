"""A stand-in for Amazon's notifications: a key and a certificate of our own, and messages signed by it."""

import base64
import datetime as dt
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from django.utils import timezone

from digest.intake.notifications import Unreachable, signed_text

TOPIC = "arn:aws:sns:eu-west-1:123456789012:papers"
PLACE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"


@functools.cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def certificate(days: int = 30) -> bytes:
    """One that has been valid for a day, and stays so for `days` (less than zero: it is over)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = timezone.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=100))
        .not_valid_after(now + dt.timedelta(days=days))
        .sign(key(), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def certificate_at(url: str) -> bytes:
    """What Amazon's host would answer, and nothing for any other address."""
    if url != PLACE:
        raise Unreachable(f"there is nothing at {url}")
    return certificate()


def notification(message: str, *, version: str = "2", by: rsa.RSAPrivateKey | None = None, **fields: str) -> dict[str, str]:
    """A signed notification from our topic; `fields` are set before it is signed."""
    made = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "SignatureVersion": version,
        "SigningCertURL": PLACE,
        **fields,
    }
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - Amazon's choice
    signature = (by or key()).sign(signed_text(made), padding.PKCS1v15(), digest)
    return {**made, "Signature": base64.b64encode(signature).decode()}
