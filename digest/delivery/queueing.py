"""Notices become deliveries."""

import datetime as dt

from django.db import connection, transaction

from digest import messages
from digest.models import Delivery
from subscriptions.models import Notice

# Two workers that queue at once would find the same notices; the second waits and finds none.
_QUEUE_LOCK = 0x6E6F7469
_AT_ONCE = 1000


def queue_notices(now: dt.datetime) -> int:
    """Write a Delivery for each Notice without one; those that have expired are skipped and say so. Returns how many."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_QUEUE_LOCK])
        notices = Notice.objects.filter(delivery=None).select_related("subscriber").order_by("id")[:_AT_ONCE]
        queued = Delivery.objects.bulk_create([_delivery(notice, now) for notice in notices])
    return len(queued)


def _delivery(notice: Notice, now: dt.datetime) -> Delivery:
    expired = notice.expires_at <= now
    return Delivery(
        notice=notice,
        subscriber=notice.subscriber,
        domain=notice.recipient.rpartition("@")[2].lower() or notice.subscriber.domain,
        priority=Delivery.Priority.NOTICE,
        state=Delivery.State.SKIPPED if expired else Delivery.State.QUEUED,
        reason="expired before it could be sent" if expired else "",
        message_id=messages.message_id("notice", notice.pk),
        next_attempt_at=now,
        finished_at=now if expired else None,
    )
