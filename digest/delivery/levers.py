"""What an operator may do to the ledger and to sending, by command or in the admin.

Every function takes who did it (`by`) and, where it is not plain, why; each says how many rows it changed, and leaves a reason
in them that names the operator. What is looked for by state is looked for by `trouble`, which has an index.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from digest.delivery import brakes, safekeeping
from digest.delivery.safekeeping import Replayed
from digest.doubts import Doubt, doubt, doubts
from digest.models import Brake, Delivery
from subscriptions.suppression import mailbox_hash

_REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Resumed:
    """The brakes that were lifted, in words; `replayed` is None unless the database had been restored or copied."""

    lifted: tuple[str, ...]
    replayed: Replayed | None


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a delivery's story."""

    at: dt.datetime | None
    attempt: int | None
    state: str
    stage: str
    reply: str
    why: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Uncertain deliveries that wait for the same: how many, and when the first of them goes by itself (None: none does)."""

    doubt: Doubt
    number: int
    first_at: dt.datetime | None


def pause(why: str, by: str, now: dt.datetime) -> Brake:
    """Stop all sending, on every worker, within two seconds; a pause that stands already is returned as it is."""
    return brakes.pause(why, by, now)


def resume(by: str, now: dt.datetime) -> Resumed:
    """Lift every brake: pauses, breakers, a failed preflight; after a restore, once the log of who has left is replayed."""
    lifted = tuple(str(brake) for brake in standing())
    if safekeeping.restored():
        return Resumed(lifted, safekeeping.resume(by, now))
    brakes.resume(by, now)
    return Resumed(lifted, None)


def standing() -> list[Brake]:
    """What stands still and why, the oldest first."""
    return list(Brake.objects.standing().order_by("since"))


def counts(since: dt.datetime | None = None) -> dict[str, int]:
    """Deliveries by state, of those made since; states without any are left out."""
    made = Delivery.objects.filter(created_at__gte=since) if since else Delivery.objects.all()
    return dict(made.values_list("state").annotate(number=Count("pk")).order_by("state"))


def doubtful(since: dt.datetime | None = None) -> list[Doubtful]:
    """The uncertain deliveries, of those made since, by what becomes of them while nobody acts; those without any left out."""
    uncertain = Delivery.objects.filter(trouble=Delivery.State.UNCERTAIN)
    if since:
        uncertain = uncertain.filter(created_at__gte=since)
    found = []
    for each, which in doubts(resend=settings.UNCERTAIN_RESEND).items():
        counted = uncertain.filter(which).aggregate(number=Count("pk"), first=Min("next_attempt_at"))
        if counted["number"]:
            found.append(Doubtful(each, counted["number"], None if each.held else counted["first"]))
    return found


def in_doubt(delivery: Delivery) -> Doubt | None:
    """What an uncertain delivery waits for; None for any other."""
    return doubt(delivery, resend=settings.UNCERTAIN_RESEND)


def story(address: str) -> QuerySet[Delivery]:
    """Everything that was ever to be sent to an address, the latest first; `told` has each one's attempts."""
    to = Q(subscriber__mailbox_hash=mailbox_hash(address)) | Q(notice__recipient__iexact=address)
    found = Delivery.objects.filter(to).select_related("issue", "notice", "subscriber").prefetch_related("tries")
    return found.order_by("-created_at", "-pk")


def told(delivery: Delivery) -> list[Told]:
    """A delivery's story: every attempt that did not end with 250, and where it stands now."""
    attempts = [
        Told(each.ended_at, each.number, each.get_state_display(), each.get_stage_display(), each.reply, each.reason)
        for each in delivery.tries.all()
    ]
    ended = delivery.finished_at
    ours = delivery.attempts if delivery.state == Delivery.State.ACCEPTED else None
    return [*attempts, Told(ended, ours, stands(delivery), "", delivery.reply if ours else "", delivery.reason)]


def stands(delivery: Delivery) -> str:
    """Where a delivery stands, in words: its state, and what it waits for."""
    state = str(delivery.get_state_display())
    uncertain = in_doubt(delivery)
    if uncertain is not None:
        return f"{state}, {uncertain.label}{'' if uncertain.held else f' after {_minute(delivery.next_attempt_at)}'}"
    if delivery.state == Delivery.State.DEFERRED:
        return f"{state} until {_minute(delivery.next_attempt_at)}"
    return state


def _minute(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def resend_failed(
    now: dt.datetime, since: dt.datetime, by: str, *, domain: str = "", why: str = "", among: Collection[int] | None = None
) -> int:
    """Queue once more what failed since, to one domain or to all; whoever is suppressed or has left is skipped all the same.

    `among`: only of these deliveries.
    """
    failed = Delivery.objects.filter(trouble=Delivery.State.FAILED, finished_at__gte=since)
    if among is not None:
        failed = failed.filter(pk__in=among)
    if domain:
        failed = failed.filter(domain=domain.lower())
    return failed.update(
        state=Delivery.State.DEFERRED,
        reason=_said("sent again", by, why),
        next_attempt_at=now,
        first_attempt_at=None,
        finished_at=None,
    )


def hasten(now: dt.datetime, by: str, *, domain: str = "", why: str = "") -> int:
    """Try at once what is deferred, to one domain or to all, instead of at its hour."""
    deferred = Delivery.objects.filter(trouble=Delivery.State.DEFERRED, next_attempt_at__gt=now)
    if domain:
        deferred = deferred.filter(domain=domain.lower())
    return deferred.exclude(reason__startswith="the message could not be made").update(
        reason=_said("hastened", by, why), next_attempt_at=now
    )


def hold_uncertain(by: str, *, delivery: int | None = None, why: str = "") -> int:
    """Send nothing more of what nobody knows the outcome of (one delivery, or all) until it is released."""
    uncertain = Delivery.objects.filter(trouble=Delivery.State.UNCERTAIN, held=False)
    if delivery is not None:
        uncertain = uncertain.filter(pk=delivery)
    return uncertain.update(held=True, reason=_said("held", by, why))


def release_uncertain(now: dt.datetime, by: str, *, delivery: int | None = None, doubts: int = 1, why: str = "") -> int:
    """Send what is uncertain once more, under the same Message-ID, whether it was held or twice uncertain.

    One delivery, or all that have been uncertain at least `doubts` times.
    """
    uncertain = Delivery.objects.filter(trouble=Delivery.State.UNCERTAIN, doubts__gte=doubts)
    if delivery is not None:
        uncertain = uncertain.filter(pk=delivery)
    return uncertain.update(
        state=Delivery.State.DEFERRED,
        held=False,
        reason=_said("released after an uncertain attempt", by, why),
        next_attempt_at=now,
    )


def _said(what: str, by: str, why: str) -> str:
    return f"{what} by {by}{': ' if why else ''}{why}"[:_REASON_LENGTH]
