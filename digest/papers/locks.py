"""The two locks that keep papers single and windows true."""

import zlib
from collections.abc import Iterable

from django.db import connection

from digest.papers.identity import Name

# Held exclusively from the moment `listed_at` is decided until it is committed, and shared while a publisher reads candidates:
# a window that has been published can then never gain a paper.
LISTING_LOCK = 0x5061_7065_7273

# Names are locked by bucket, for a transaction holds as many locks as it has names, and PostgreSQL has room for some thousands.
_NAMES = 0x4E61_6D65
_BUCKETS = 512


def publishing_lock() -> None:
    """Wait for whoever is listing papers, and keep others from listing any until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LISTING_LOCK])


def listing_lock() -> None:
    """Wait for publishers and for others who list, and keep both out until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LISTING_LOCK])


def lock_names(names: Iterable[Name]) -> None:
    """Keep others from storing papers under any of these names until this transaction ends; always in the same order."""
    buckets = sorted({zlib.crc32(f"{kind}:{value}".encode()) % _BUCKETS for kind, value in names})
    with connection.cursor() as cursor:
        # The array's order is the order of locking.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, bucket) FROM unnest(%s::int[]) AS bucket", [_NAMES, buckets])
