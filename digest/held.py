"""Everything held about one subscriber, for the person themselves."""

import base64
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import models

from digest.models import Bounce, Delivery, Feedback, Issue, Submission, Upvote
from subscriptions import mailboxes, suppression
from subscriptions.models import Consent, Interest, Notice, Request, Subscriber, Subscription, Suppression


def held(subscriber: Subscriber, now: dt.datetime) -> dict[str, Any]:
    """Rows as plain values, by table: whatever the database knows of this person, and nothing of anyone else.

    Instants are ISO 8601 strings in UTC, hashes are base64. Consent and suppressions are found by the keyed hash, so that what
    an earlier life of the same mailbox left is shown too.
    """
    hashed = bytes(subscriber.mailbox_hash)
    canonical = suppression.mailbox_hash(mailboxes.parse(subscriber.address).canonical)
    subscriptions = Subscription.objects.filter(subscriber=subscriber)
    return {
        "exported_at": now.isoformat(),
        "subscriber": _row(subscriber),
        "subscriptions": _rows(subscriptions.order_by("id")),
        "interests": _rows(Interest.objects.filter(subscription__in=subscriptions).order_by("id")),
        "consents": _rows(Consent.objects.filter(mailbox_hash=hashed).order_by("id")),
        "notices": _rows(Notice.objects.filter(subscriber=subscriber).order_by("id")),
        "requests": _rows(Request.objects.filter(mailbox=canonical).order_by("id")),
        "suppressions": _rows(Suppression.objects.filter(mailbox_hash=hashed).order_by("id")),
        "issues": _rows(Issue.objects.filter(subscription__in=subscriptions).order_by("id")),
        "deliveries": _rows(Delivery.objects.filter(subscriber=subscriber).order_by("id")),
        "bounces": _rows(Bounce.objects.filter(subscriber=subscriber).order_by("id")),
        "feedback": _rows(Feedback.objects.filter(subscription__in=subscriptions).order_by("id")),
        "submissions": _rows(Submission.objects.filter(subscriber=subscriber).order_by("id")),
        "upvotes": _rows(Upvote.objects.filter(subscriber=subscriber).order_by("id")),
    }


def _rows(rows: Iterable[models.Model]) -> list[dict[str, Any]]:
    return [_row(row) for row in rows]


def _row(row: models.Model) -> dict[str, Any]:
    return {field.attname: _plain(getattr(row, field.attname)) for field in row._meta.concrete_fields}


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value
