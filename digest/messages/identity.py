"""Names that a message carries through the world: its Message-ID and its signed return path."""

import functools
from base64 import b32encode
from hashlib import blake2b
from hmac import compare_digest

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from digest.messages import addresses

_MAC_OCTETS = 10
# RFC 5321 section 4.5.3.1.1.
_LONGEST_LOCAL = 64
_LONGEST_TOKEN = 2 * (8 + _MAC_OCTETS)


@functools.cache
def _keyed(secret: str, person: bytes, size: int) -> "blake2b":
    """A hash that has taken the key in already; every name begins from a copy of it."""
    key = blake2b(secret.encode(), person=b"key").digest()
    return blake2b(key=key, person=person, digest_size=size)


def _mac(secret: str, person: bytes, value: bytes, size: int) -> bytes:
    mac = _keyed(secret, person, size).copy()
    mac.update(value)
    return mac.digest()


def message_id(kind: str, key: str | int) -> str:
    """`<issue-…@domain>`, the same on every try: a hash of (kind, key) under IDENTITY_KEY, which never changes."""
    domain = addresses.sender(settings.DIGEST_FROM, "DIGEST_FROM").domain
    mac = _mac(settings.IDENTITY_KEY, b"message-id", f"{kind}:{key}".encode(), 20)
    return f"<{kind}-{b32encode(mac).decode().lower()}@{domain}>"


@functools.cache
def _bounce_parts(setting: str) -> tuple[str, str]:
    local, _, domain = addresses.sender(setting, "BOUNCE_ADDRESS").address.rpartition("@")
    if len(local) + 1 + _LONGEST_TOKEN > _LONGEST_LOCAL or not local.isascii():
        raise ImproperlyConfigured(
            f"BOUNCE_ADDRESS is {setting!r}. Each message adds 37 characters to the part before the @, which may then be 64 at "
            "most; for example BOUNCE_ADDRESS=bounces@papers.example.org"
        )
    return local, domain


def bounce_address() -> str:
    """The return path of messages that have no delivery."""
    local, domain = _bounce_parts(settings.BOUNCE_ADDRESS)
    return f"{local}@{domain}"


def return_path(delivery_id: int) -> str:
    """`bounces+<token>@domain`: the delivery's number, signed; in hexadecimal digits, for some systems fold case."""
    local, domain = _bounce_parts(settings.BOUNCE_ADDRESS)
    number = delivery_id.to_bytes((delivery_id.bit_length() + 7) // 8 or 1, "big")
    mac = _mac(settings.TOKEN_KEYS[0], b"return-path", number, _MAC_OCTETS)
    return f"{local}+{number.hex()}{mac.hex()}@{domain}"


def delivery_of(address: str) -> int | None:
    """The delivery that a return path names, whatever its letters' case; None for an address that we did not sign."""
    try:
        value = bytes.fromhex(address.rpartition("@")[0].rpartition("+")[2])
    except ValueError:
        return None
    number, mac = value[:-_MAC_OCTETS], value[-_MAC_OCTETS:]
    if not number:
        return None
    good = any(compare_digest(_mac(secret, b"return-path", number, _MAC_OCTETS), mac) for secret in settings.TOKEN_KEYS)
    return int.from_bytes(number, "big") if good else None
