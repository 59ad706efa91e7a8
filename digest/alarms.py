"""What an operator must know though nobody looks: found now and then, told once by mail, forgotten when it is over.

Anyone may raise an alarm of their own: `tell(Alarm(...), now)`.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q

from digest import notices, webhook
from digest.delivery import brakes
from digest.intake import forwarding
from digest.models import AlarmSent, Brake, Source
from subscriptions.models import Subscription

# A worker publishes every minute; an hour late means that none does.
OVERDUE = dt.timedelta(hours=1)
# Feeds skip weekends, so a source is silent after three days at least.
SILENT = dt.timedelta(days=3)
_BY_HOOK = " (webhook)"
# Whoever pauses sending for a while means it; whoever does for a day may have forgotten it.
FORGOTTEN = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Alarm:
    """`key` tells alarms apart; `since` is when it began; the rest is said to the operator, a sentence each."""

    key: str
    since: dt.datetime
    happened: str
    safe: str
    todo: str


def check(now: dt.datetime) -> list[Alarm]:
    """Tell of what is wrong and has not been told; returns that. OSError while the relay is away: the next look tells."""
    wrong = found(now)
    standing = [key for each in wrong for key in (each.key, f"{each.key}{_BY_HOOK}")]
    AlarmSent.objects.exclude(key__in=standing).filter(watched=True).delete()
    for alarm in wrong:
        _hook(alarm, now, watched=True)
    return [alarm for alarm in wrong if tell(alarm, now, watched=True)]


def found(now: dt.datetime) -> list[Alarm]:
    """What is wrong now; nothing is told or written."""
    return [*_nothing_published(now), *_silent_sources(now), *_sending_stands_still(now)]


def tell(alarm: Alarm, now: dt.datetime, *, watched: bool = False) -> bool:
    """Send the alarm to the operator, by mail and to ALARM_WEBHOOK, unless it was sent already; whether it was mailed now.

    `watched` ones are forgotten by `check` once they are over, and may come again; others are told once a key.
    """
    _hook(alarm, now, watched=watched)
    with transaction.atomic():
        _, new = AlarmSent.objects.get_or_create(key=alarm.key, defaults={"sent_at": now, "watched": watched})
        if new:
            # Should the relay refuse, the row goes with the transaction, and the next look tries again.
            key = f"{alarm.key} {now.isoformat()}"
            forwarding.hand_over(notices.alarm(alarm.happened, alarm.safe, alarm.todo, alarm.since, key, now))
    return new


def _hook(alarm: Alarm, now: dt.datetime, *, watched: bool) -> None:
    """First and by itself, for a relay that is away must not keep it from being told."""
    key = f"{alarm.key}{_BY_HOOK}"
    if AlarmSent.objects.filter(key=key).exists():
        return
    if webhook.post(alarm.key, alarm.happened, alarm.safe, alarm.todo, alarm.since):
        AlarmSent.objects.get_or_create(key=key, defaults={"sent_at": now, "watched": watched})


def _nothing_published(now: dt.datetime) -> list[Alarm]:
    overdue = Subscription.objects.due(now).filter(next_issue_at__lt=now - OVERDUE)
    first = overdue.first()
    if first is None or first.next_issue_at is None:
        return []
    return [
        Alarm(
            "nothing published",
            first.next_issue_at,
            f"Issues were due and nobody has published them: {overdue.count()}",
            "Each goes out once, late, as soon as a worker publishes again; papers that came meanwhile are in it.",
            "Look whether a worker and the beat run, then at their last errors; manage.py publish does it by hand.",
        )
    ]


def _silent_sources(now: dt.datetime) -> list[Alarm]:
    silent = (
        Source.objects.filter(active=True)
        .exclude(url="")
        .filter(Q(last_success_at__lt=now - SILENT) | Q(last_success_at=None, created_at__lt=now - SILENT))
        .filter(Q(last_success_at=None) | Q(last_success_at__lt=now - 4 * F("interval")))
        .order_by("pk")
    )
    return [
        Alarm(
            f"source {each.pk} silent",
            each.last_success_at or each.created_at,
            f"{each.name} has not answered",
            "Issues go out with what the other sources bring, and say how many days are missing.",
            f"Look at its last error, then run manage.py poll {each.slug}; manage.py backfill fetches missing days.",
        )
        for each in silent
    ]


def _sending_stands_still(now: dt.datetime) -> list[Alarm]:
    if not brakes.standing(now).everything:
        return []
    of_everything = Brake.objects.standing().filter(domain=brakes.EVERYTHING).exclude(kind=Brake.Kind.PREFLIGHT)
    # An operator knows of a pause of their own, unless it has been forgotten.
    news = of_everything.exclude(kind=Brake.Kind.OPERATOR, since__gt=now - FORGOTTEN).order_by("since").first()
    if news is None:
        return []
    return [
        Alarm(
            "sending stands still",
            news.since,
            f"Sending stands still: {news.get_kind_display()}: {news.why}",
            "Every message that waits stays in the ledger and goes out once, when sending goes on.",
            "Mend what the reason names; a breaker tries one message by itself, a pause ends with manage.py resume.",
        )
    ]
