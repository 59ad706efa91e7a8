"""Reading a source's past as a job: a day a batch, to be watched and ended; it goes on where a dead worker left it."""

import datetime as dt

from django.contrib.auth.models import User

from digest.models import Source
from digest.polling.asking import Tools
from digest.polling.backfilling import NoArchive, backfill
from subscriptions import jobs
from subscriptions.models import Job

READ_PAST = "read past days"


def begin(source: Source, since: dt.date, until: dt.date, by: User, now: dt.datetime, network: str) -> Job:
    """Start a job for the days from `since` to `until`, both included."""
    arguments = {"source": source.pk, "since": since.isoformat(), "until": until.isoformat()}
    return jobs.start(READ_PAST, arguments, by, now, total=(until - since).days + 1, network=network)


@jobs.kind_ahead(READ_PAST)
def read_day(job: Job, now: dt.datetime) -> jobs.Work:
    """Ask the archive for the next day and store what it has. Reading a day twice stores nothing twice."""
    source = Source.objects.filter(pk=job.arguments["source"]).first()
    if source is None:
        raise jobs.JobFailed("The source was removed meanwhile. What was read before stays.")
    day = dt.date.fromisoformat(job.cursor.get("day", job.arguments["since"]))
    try:
        read = backfill(source, day, day, now, Tools.shared())
    except NoArchive as error:
        raise jobs.JobFailed(str(error)) from error
    if read.error:
        raise jobs.JobFailed(f"{source.name}, {day}: {read.error}. What was read before stays; start again from that day.")
    last = day >= dt.date.fromisoformat(job.arguments["until"])
    counts = {"new papers": read.new, "known papers": read.known, "refused": len(read.refused), "days filled": read.days_filled}
    notes = tuple(f"{day}: {each.get('title') or 'an entry'} was refused: {each.get('why')}" for each in read.refused)
    batch = jobs.Batch(1, counts, None if last else {"day": (day + dt.timedelta(days=1)).isoformat()}, notes)
    return lambda _job, _now: batch
