"""Who did what in the admin: one line for every act that changed something, took data out, or looked at somebody's digest."""

import datetime as dt
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import models

from subscriptions.models import AuditEntry


def record(
    actor: AbstractBaseUser | AnonymousUser | None,
    action: str,
    target: str,
    now: dt.datetime,
    network: str = "",
    **detail: Any,
) -> AuditEntry:
    """Append a line, in the transaction of the act itself.

    `target` is made by `name`; neither it nor `detail` holds an address.
    """
    known = actor if isinstance(actor, User) and actor.pk else None
    return AuditEntry.objects.create(
        actor=known,
        actor_name=known.get_username() if known else "",
        action=action,
        target=target[:200],
        detail=detail,
        network=network,
        at=now,
    )


def name(record: models.Model) -> str:
    """A record by its kind and number, as in "subscriber 12"."""
    return f"{record._meta.verbose_name} {record.pk}"
