"""What an operator does to many people at once, as jobs: erase, suppress, ask again for confirmation."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence

from django.contrib.auth.models import User

from subscriptions import account, consent, jobs, suppression
from subscriptions.models import Job, Notice, Subscriber, Suppression

MOST = 10_000
ERASE, SUPPRESS, ASK_AGAIN = "erase subscribers", "suppress subscribers", "ask for confirmation again"
_BATCH = 100


class TooMany(ValueError):
    """More were chosen than one job takes; the text says how many it takes."""


def begin(kind: str, chosen: Sequence[int], why: str, by: User, now: dt.datetime, network: str) -> Job:
    """Start a job for these subscribers' ids. TooMany for more than MOST."""
    if len(chosen) > MOST:
        raise TooMany(f"{len(chosen):,} are chosen; {MOST:,} are the most for one job. Narrow the list.")
    return jobs.start(kind, {"ids": sorted(chosen), "why": why}, by, now, total=len(chosen), network=network)


def _each(job: Job, act: Callable[[Subscriber], str]) -> jobs.Batch:
    at = int(job.cursor.get("at", 0))
    ids: list[int] = job.arguments["ids"]
    batch = ids[at : at + _BATCH]
    found = Subscriber.objects.select_for_update().in_bulk(batch)
    counts = Counter(act(found[each]) if each in found else "gone before" for each in batch)
    following = at + len(batch)
    return jobs.Batch(len(batch), counts, {"at": following} if following < len(ids) else None)


@jobs.kind(ERASE)
def erase(job: Job, now: dt.datetime) -> jobs.Batch:
    """Erase a batch of people, as they could themselves; consent keeps a keyed hash."""

    def act(subscriber: Subscriber) -> str:
        return "erased" if account.erase(subscriber, now).removed else "gone before"

    return _each(job, act)


@jobs.kind(SUPPRESS)
def suppress(job: Job, now: dt.datetime) -> jobs.Batch:
    """Never mail these addresses again, until an operator lifts it."""

    def act(subscriber: Subscriber) -> str:
        if suppression.standing([bytes(subscriber.mailbox_hash)]):
            return "was suppressed before"
        suppression.suppress(subscriber.address, Suppression.Reason.OPERATOR, job.arguments["why"], now)
        return "suppressed"

    return _each(job, act)


@jobs.kind(ASK_AGAIN)
def ask_again(job: Job, now: dt.datetime) -> jobs.Batch:
    """Mail the confirmation once more to those who have not confirmed, at most once a day each."""

    def act(subscriber: Subscriber) -> str:
        waiting = subscriber.subscriptions.waiting().order_by("-id").first()
        if waiting is None:
            return "has nothing to confirm"
        if suppression.standing([bytes(subscriber.mailbox_hash)]):
            return "suppressed"
        recent = subscriber.notices.filter(kind=Notice.Kind.CONFIRMATION, created_at__gt=now - dt.timedelta(days=1))
        if recent.exists():
            return "asked within a day"
        consent.write_notice(subscriber, Notice.Kind.CONFIRMATION, now, consent.UNCONFIRMED, subscription=waiting.pk)
        return "asked again"

    return _each(job, act)
