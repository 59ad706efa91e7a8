"""DKIM signatures (RFC 6376; Ed25519 by RFC 8463), for those whose relay does not sign.

Header fields are canonicalised "relaxed", for relays refold them; the body "simple", for quoted-printable lines pass unchanged,
and nothing then needs rewriting before it is hashed.
"""

import functools
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from django.core.exceptions import ImproperlyConfigured

# RFC 6376 section 5.4 asks for From and advises the rest; RFC 8058 section 4 wants both List-Unsubscribe fields covered.
_SIGNED = (
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding", "list-id",
    "list-unsubscribe", "list-unsubscribe-post", "feedback-id", "auto-submitted",
)  # fmt: skip
_LEAST_RSA_BITS = 2048
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_SPACE = re.compile(rb"[ \t]+")
_TAG_END = re.compile(rb"(;|:(?= (?:message-id|list-id|list-unsubscribe-post): )) ")
_EXAMPLE = "for example DKIM_KEYS=2026a:/etc/paper-round/dkim-rsa.pem,2026b:/etc/paper-round/dkim-ed25519.pem"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and where its public half stands: `<selector>._domainkey.<domain>`."""

    domain: str
    selector: str
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

    def _signature(self, data: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        # RFC 8463 section 3: Ed25519 signs the SHA-256 of the data.
        return self.key.sign(sha256(data).digest())

    def field(self, fields: Sequence[tuple[bytes, bytes]], body_hash: bytes) -> bytes:
        """The DKIM-Signature field over canonicalised header fields and the body's hash."""
        algorithm = b"rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else b"ed25519-sha256"
        tags = b"v=1; a=%b; c=relaxed/simple; d=%b; s=%b; h=%b; bh=%b; b=" % (
            algorithm,
            self.domain.encode(),
            self.selector.encode(),
            b": ".join(name for name, _ in fields),
            body_hash,
        )
        signed = b"".join(b"%b:%b\r\n" % pair for pair in fields) + b"dkim-signature:" + tags
        made = b64encode(self._signature(signed))
        # Folded where a space stands, which unfolding restores; white space inside b= is ignored (RFC 6376 section 3.5).
        folded = _TAG_END.sub(rb"\1\r\n ", tags)
        lines = b"\r\n ".join(made[place : place + 72] for place in range(0, len(made), 72))
        return b"DKIM-Signature: %b\r\n %b\r\n" % (folded, lines)


def _canonical(header: bytes) -> list[tuple[bytes, bytes]]:
    """The fields to sign, relaxed (RFC 6376 section 3.4.2): lower-case names, unfolded, white space single."""
    found = []
    for line in _FOLD.sub(b"", header).split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower().decode() in _SIGNED:
            found.append((name.lower(), _SPACE.sub(b" ", value).strip()))
    return found


def signed(content: bytes, signers: Sequence[Signer]) -> bytes:
    """The message with a signature of each signer before it. Its body must end with one CRLF (section 3.4.3)."""
    header, _, body = content.partition(b"\r\n\r\n")
    fields, body_hash = _canonical(header), b64encode(sha256(body).digest())
    return b"".join([*(signer.field(fields, body_hash) for signer in signers), content])


@functools.cache
def signers(setting: str, domain: str) -> tuple[Signer, ...]:
    """The signers that DKIM_KEYS describes; raises ImproperlyConfigured naming what is wrong."""
    made = []
    for part in filter(None, (part.strip() for part in setting.split(","))):
        selector, _, path = part.partition(":")
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", selector) or not path:
            raise ImproperlyConfigured(f"DKIM_KEYS says {part!r}. It takes selector:file, more after commas; {_EXAMPLE}")
        try:
            key = serialization.load_pem_private_key(Path(path).read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ImproperlyConfigured(
                f"DKIM_KEYS: the key {path} cannot be read: {error}. It takes an unencrypted PEM file, as `openssl genrsa "
                "2048` or `openssl genpkey -algorithm ed25519` writes it."
            ) from error
        if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) or (
            isinstance(key, rsa.RSAPrivateKey) and key.key_size < _LEAST_RSA_BITS
        ):
            raise ImproperlyConfigured(f"DKIM_KEYS: the key {path} is neither RSA of 2048 bits or more nor Ed25519; {_EXAMPLE}")
        made.append(Signer(domain, selector, key))
    return tuple(made)
