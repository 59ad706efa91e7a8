"""Sending what failed once more, as a job: it may be many, and it can be ended half-way."""

import datetime as dt

from django.contrib.auth.models import User

from digest.delivery import levers
from digest.models import Delivery
from subscriptions import jobs
from subscriptions.models import Job

RESEND = "resend what failed"
_BATCH = 500


def begin(since: dt.datetime, until: dt.datetime, domain: str, why: str, by: User, now: dt.datetime, network: str) -> Job:
    """Start a job for what was made from `since` to `until` and failed, to one receiving domain or ("") to all."""
    arguments = {"since": since.isoformat(), "until": until.isoformat(), "domain": domain, "why": why}
    return jobs.start(RESEND, arguments, by, now, network=network)


@jobs.kind(RESEND)
def resend(job: Job, now: dt.datetime) -> jobs.Batch:
    """Queue a batch, in the order of the ledger; who is suppressed or has left is skipped when its turn comes."""
    given = job.arguments
    since = dt.datetime.fromisoformat(given["since"])
    failed = Delivery.objects.filter(
        trouble=Delivery.State.FAILED,
        created_at__gte=since,
        created_at__lt=dt.datetime.fromisoformat(given["until"]),
        pk__gt=int(job.cursor.get("after", 0)),
    )
    if given["domain"]:
        failed = failed.filter(domain=given["domain"])
    batch = list(failed.order_by("pk").values_list("pk", flat=True)[:_BATCH])
    queued = levers.resend_failed(now, since, job.started_by_name, why=given["why"], among=batch)
    more = {"after": batch[-1]} if len(batch) == _BATCH else None
    return jobs.Batch(len(batch), {"queued again": queued, "changed meanwhile": len(batch) - queued}, more)
