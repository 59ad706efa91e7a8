"""What an operator may do to the ledger, by command or in the admin. Every function says how many rows it changed."""

import datetime as dt

from django.db.models import Count, Q, QuerySet

from digest.models import Delivery
from subscriptions.suppression import mailbox_hash


def counts(since: dt.datetime | None = None) -> dict[str, int]:
    """Deliveries by state, of those made since; states without any are left out."""
    made = Delivery.objects.filter(created_at__gte=since) if since else Delivery.objects.all()
    return dict(made.values_list("state").annotate(number=Count("pk")).order_by("state"))


def story(address: str) -> QuerySet[Delivery]:
    """Everything that was ever to be sent to an address, the latest first."""
    to = Q(subscriber__mailbox_hash=mailbox_hash(address)) | Q(notice__recipient__iexact=address)
    return Delivery.objects.filter(to).select_related("issue", "notice", "subscriber").order_by("-created_at", "-pk")


def resend_failed(now: dt.datetime, since: dt.datetime, domain: str = "") -> int:
    """Queue once more what failed since, to one domain or to all; whoever is suppressed or has left is skipped all the same."""
    failed = Delivery.objects.filter(state=Delivery.State.FAILED, finished_at__gte=since)
    if domain:
        failed = failed.filter(domain=domain.lower())
    return failed.update(
        state=Delivery.State.DEFERRED,
        reason="sent again by the operator",
        next_attempt_at=now,
        first_attempt_at=None,
        finished_at=None,
    )


def hold_uncertain() -> int:
    """Send nothing more of what nobody knows the outcome of, until it is released."""
    return Delivery.objects.filter(state=Delivery.State.UNCERTAIN, held=False).update(held=True)


def release_uncertain(now: dt.datetime) -> int:
    """Send what is uncertain once more, under the same Message-ID, whether it was held or twice uncertain."""
    return Delivery.objects.filter(state=Delivery.State.UNCERTAIN).update(
        state=Delivery.State.DEFERRED,
        held=False,
        reason="released by the operator after an uncertain attempt",
        next_attempt_at=now,
    )
