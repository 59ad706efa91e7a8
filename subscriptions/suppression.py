"""Addresses we never mail, known by keyed hash alone."""

import datetime as dt
import hashlib
from collections.abc import Iterable

from django.conf import settings

from subscriptions.models import Suppression


def mailbox_hash(address: str) -> bytes:
    """32 octets: BLAKE2b-256 of the address in lower case, keyed by IDENTITY_KEY.

    A person who types Ada@Example.org means ada@example.org, although RFC 5321 (2.4) lets a server tell them apart.
    """
    # A BLAKE2b key has 64 octets at most (RFC 7693), and a setting may be longer.
    key = hashlib.blake2b(settings.IDENTITY_KEY.encode()).digest()
    return hashlib.blake2b(address.lower().encode(), key=key, digest_size=32).digest()


def suppress(address: str, reason: Suppression.Reason, note: str, now: dt.datetime) -> Suppression:
    """Never mail this address again, until an operator lifts it; a suppression that stands already is returned as it is."""
    suppression, _ = Suppression.objects.get_or_create(
        mailbox_hash=mailbox_hash(address),
        lifted_at=None,
        defaults={"reason": reason, "note": note[:500], "created_at": now},
    )
    return suppression


def standing(hashes: Iterable[bytes]) -> set[bytes]:
    """Those of the hashes that are suppressed."""
    rows = Suppression.objects.standing().filter(mailbox_hash__in=list(hashes)).values_list("mailbox_hash", flat=True)
    return {bytes(row) for row in rows}
