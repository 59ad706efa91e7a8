"""Celery tasks: each does one batch and asks for another when there is more. The beat finds what a lost task left."""

from celery import shared_task
from django.utils import timezone

from digest import delivery, issues, preflight
from digest.delivery import brakes, safekeeping
from digest.models import Brake

BATCH = 500


@shared_task
def publish_due() -> dict[str, int]:
    """Publish what is due, a batch at a time; returns how many issues were published and skipped."""
    published = issues.publish_due(timezone.now(), limit=BATCH)
    if published.claimed:
        deliver_waiting.delay()
    if published.claimed >= BATCH:
        publish_due.delay()
    return {"published": published.published, "skipped": published.skipped}


@shared_task
def deliver_waiting() -> dict[str, int]:
    """Queue the notices that wait, then send a batch of what is ready; returns deliveries by their new state."""
    now = timezone.now()
    if safekeeping.guard(now):
        return {}
    delivery.queue_notices(now)
    delivered = delivery.deliver(now, limit=BATCH)
    if delivered.more:
        deliver_waiting.delay()
    return dict(delivered.by_state)


@shared_task
def recover_expired() -> dict[str, int]:
    """Give back what dead workers held; returns how many were queued again and how many are uncertain."""
    recovered = delivery.recover(timezone.now())
    if recovered.queued or recovered.uncertain:
        deliver_waiting.delay()
    return {"queued": recovered.queued, "uncertain": recovered.uncertain}


@shared_task
def check_preflight() -> dict[str, list[str]]:
    """Hold issues back while receivers would refuse them, and let them go once that is mended; returns the fatal findings."""
    now = timezone.now()
    fatal = [
        f"{each.check}: {each.found}"
        for each in preflight.run(preflight.Internet(), now)
        if each.level is preflight.Level.FATAL
    ]
    brakes.lift(Brake.Kind.PREFLIGHT, "the preflight", now)
    if fatal:
        brakes.pause("; ".join(fatal), "", now, Brake.Kind.PREFLIGHT)
    return {"fatal": fatal}
