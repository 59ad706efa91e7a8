"""Celery tasks: each does one batch and asks for another when there is more. The beat finds what a lost task left."""

import datetime as dt
import logging
from collections import Counter

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from digest import (
    alarms,
    corpus,
    counts,
    delivery,
    farewell,
    issues,
    papers,
    polling,
    preflight,
    providers,
    retention,
    search,
    submissions,
)
from digest.delivery import clocks, reports, resending, safekeeping
from digest.intake import imap
from digest.models import Source
from digest.polling import reading

BATCH = 500
SOURCES_EACH = 10
VECTORS_EACH = 256

OPERATORS_JOBS = (resending.RESEND, reading.READ_PAST)
"""Kinds of jobs that a worker knows from here; `subscriptions.tasks` advances them."""

_log = logging.getLogger(__name__)


def _clock() -> dt.datetime | None:
    """The time, unless this machine's clock and the database's disagree: then nothing is decided by it."""
    now = timezone.now()
    if why := clocks.astray(now):
        _log.error("Nothing is done: %s. Set it right; the other workers go on.", why)
        return None
    return now


@shared_task
def publish_due() -> dict[str, int]:
    """Publish what is due, a batch at a time; returns how many issues were published and skipped."""
    if (now := _clock()) is None:
        return {}
    published = issues.publish_due(now, limit=BATCH)
    if published.claimed:
        deliver_waiting.delay()
    if published.claimed >= BATCH:
        publish_due.delay()
    return {"published": published.published, "skipped": published.skipped}


@shared_task
def learn_words() -> str:
    """Learn anew how rare words are in the stored papers; returns the version in force."""
    return corpus.learn(timezone.now()).version


@shared_task
def deliver_waiting() -> dict[str, int]:
    """Queue the notices that wait, then send a batch of what is ready; returns deliveries by their new state."""
    if (now := _clock()) is None or safekeeping.guard(now):
        return {}
    if settings.PREFLIGHT:
        preflight.before_sending(lambda: preflight.run(preflight.Internet(), now), now)
    delivery.queue_notices(now)
    send = providers.deliver if settings.DELIVERY_BACKEND == "anymail" else delivery.deliver
    delivered = send(now, limit=BATCH)
    if delivered.more:
        deliver_waiting.delay()
    return dict(delivered.by_state)


@shared_task
def recover_expired() -> dict[str, int]:
    """Give back what dead workers held, and heed reports that blame us; returns how many are queued again, and uncertain."""
    if (now := _clock()) is None:
        return {}
    reports.heed(now)
    recovered = delivery.recover(now)
    if recovered.queued or recovered.uncertain:
        deliver_waiting.delay()
    return {"queued": recovered.queued, "uncertain": recovered.uncertain}


@shared_task
def poll_due_sources() -> dict[str, int]:
    """Poll a few of the sources whose hour has come; returns how many, how many failed, and how many papers were new."""
    done = polling.poll_due(timezone.now(), polling.Tools.shared(), limit=SOURCES_EACH)
    if done.polled >= SOURCES_EACH:
        poll_due_sources.delay()
    if done.new:
        read_for_search.delay()
    return {"polled": done.polled, "failed": done.failed, "new": done.new}


@shared_task
def poll_source(source_id: int) -> dict[str, int | str]:
    """Poll one source now, due or not, because an operator asked; {} for one that is gone or stopped."""
    source = Source.objects.filter(pk=source_id, active=True).exclude(url="").first()
    if source is None:
        return {}
    done = polling.poll(source, timezone.now(), polling.Tools.shared())
    if done.new:
        read_for_search.delay()
    return {"new": done.new, "known": done.known, "error": done.error}


@shared_task
def look_up_submissions() -> dict[str, int]:
    """Ask arXiv about papers that readers brought; returns how many got an answer."""
    tools = polling.Tools.shared()
    answered = submissions.look_up_waiting(timezone.now(), tools.client, tools.pool.read, limit=SOURCES_EACH)
    return {"answered": answered}


@shared_task
def fill_missing_days() -> dict[str, int]:
    """Read announcement days that were missed from the archive, and settle votes that a merge overtook."""
    filled = polling.fill_missing(timezone.now(), polling.Tools.shared())
    with transaction.atomic():
        settled = papers.settle()
    return {"filled": filled, "settled": settled}


@shared_task
def read_for_search() -> dict[str, int]:
    """Bring search up to date with the papers that changed; returns how many were read."""
    refreshed = search.refresh(BATCH)
    if refreshed.more:
        read_for_search.delay()
    elif refreshed.papers:
        embed_papers.delay()
    return {"read": len(refreshed.papers)}


@shared_task
def embed_papers() -> dict[str, int]:
    """Compute vectors of meaning that are missing, a batch at a time; returns how many. None without the optional extra."""
    embedded = search.embed_waiting(VECTORS_EACH)
    if embedded >= VECTORS_EACH:
        embed_papers.delay()
    return {"embedded": embedded}


@shared_task
def check_preflight(by: str = "") -> dict[str, list[str]]:
    """Check what receivers ask for, now; returns the fatal findings, which hold issues back until they are mended."""
    now = timezone.now()
    run = preflight.keep(preflight.run(preflight.Internet(), now), now, by)
    return {"fatal": [f"{each['check']}: {each['found']}" for each in run.findings if each["level"] == "fatal"]}


@shared_task
def forget_old() -> dict[str, int]:
    """Remove what has been kept as long as the settings say; returns how many rows of each kind went."""
    return retention.prune(timezone.now(), settings.KEEP_DAYS)


@shared_task
def take_returned() -> dict[str, int]:
    """Take the bounces, complaints and answers in the mailbox of BOUNCES_IMAP_URL; returns how many of each kind."""
    return dict(Counter(taken.kind for taken in imap.visit(imap.Mailbox.parse(settings.BOUNCES_IMAP_URL), timezone.now())))


@shared_task
def count_days() -> int:
    """Count what the last days saw, for the dashboard; returns how many days were counted."""
    return counts.refresh(timezone.now())


@shared_task(autoretry_for=(OSError,), retry_backoff=60, max_retries=8)
def say_farewell(address: str, removed: dict[str, int], now: str) -> bool:
    """Send the last message to someone whose data is gone; tried for some hours while the relay is away."""
    return farewell.say(address, removed, dt.datetime.fromisoformat(now))


@shared_task
def look_for_alarms() -> list[str]:
    """Tell the operator what is wrong, once each; returns what was told now."""
    return [alarm.key for alarm in alarms.check(timezone.now())]
