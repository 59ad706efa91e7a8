"""How we have behaved: complaints, bounces, sizes, and the log of who has left."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import Max

from digest import safety_log
from digest.models import Bounce, Delivery
from digest.preflight.findings import Finding, Level
from subscriptions.models import Consent, Suppression

# Gmail and Yahoo: below 0.1 %, and never 0.3 %.
_COMPLAINTS_FATAL, _COMPLAINTS_WARNING = 0.003, 0.001
# Microsoft and Yahoo name no number for addresses that do not exist; above 2 % providers begin to suspend senders.
_BOUNCES_WARNING = 0.02
_ENOUGH_TO_TELL = 1000
# Gmail hides what lies behind 102 KB of HTML; with the text part and the encoding around it that is some 200 KB of message.
_LARGE_MESSAGE = 200_000
_MONTH, _WEEK, _SWEPT = dt.timedelta(days=30), dt.timedelta(days=7), dt.timedelta(minutes=10)


def reports(now: dt.datetime) -> Iterator[Finding]:
    """The shares of complaints and of addresses that do not exist, among what was accepted in thirty days."""
    since = now - _MONTH
    accepted = Delivery.objects.filter(state=Delivery.State.ACCEPTED, finished_at__gte=since).count()
    reported = Bounce.objects.filter(received_at__gte=since)
    complaints = reported.filter(verdict=Bounce.Verdict.COMPLAINT).count()
    gone = reported.filter(verdict=Bounce.Verdict.SUPPRESS).count()
    enough = accepted >= _ENOUGH_TO_TELL
    words = f"{complaints} complaints about {accepted} messages in thirty days"
    share = complaints / accepted if enough else 0.0
    if share >= _COMPLAINTS_WARNING:
        level = Level.FATAL if share >= _COMPLAINTS_FATAL else Level.WARNING
        mend = "Find out which readers did not expect these messages; receivers block senders above 0.3 %."
        yield Finding("complaints", level, words, mend)
    else:
        yield Finding("complaints", Level.FINE, words)
    words = f"{gone} of {accepted} messages in thirty days went to addresses that do not exist"
    if enough and gone / accepted >= _BOUNCES_WARNING:
        mend = "Find out where these addresses came from: an import, a form that is being abused."
        yield Finding("bounces", Level.WARNING, words, mend)
    else:
        yield Finding("bounces", Level.FINE, words)


def sizes(now: dt.datetime) -> Iterator[Finding]:
    """The largest message of the last week."""
    largest = Delivery.objects.filter(created_at__gte=now - _WEEK).aggregate(largest=Max("size"))["largest"] or 0
    if largest > _LARGE_MESSAGE:
        mend = (
            "Let readers have fewer papers in an issue: Gmail hides the end of such a message, the unsubscribe link among it."
        )
        yield Finding("size", Level.WARNING, f"the largest message of a week has {largest} octets", mend)
    else:
        yield Finding("size", Level.FINE, f"at most {largest} octets in a week")


def safety(now: dt.datetime) -> Iterator[Finding]:
    """The log of who has left lacks nothing that is older than a few sweeps."""
    lines = safety_log.lines()
    logged = {kind: {line["id"] for line in lines if line["kind"] == kind} for kind in ("consent", "suppression")}
    departures = [Consent.Event.UNSUBSCRIBED, Consent.Event.ERASED]
    left = set(Consent.objects.filter(event__in=departures, at__lt=now - _SWEPT).values_list("pk", flat=True))
    suppressed = set(Suppression.objects.filter(created_at__lt=now - _SWEPT).values_list("pk", flat=True))
    missing = len(left - logged["consent"]) + len(suppressed - logged["suppression"])
    if missing:
        mend = "Let the workers write to SAFETY_LOG: without it a restored database mails people who have left."
        yield Finding("safety log", Level.FATAL, f"{missing} departures are missing in it", mend)
    else:
        yield Finding("safety log", Level.FINE, f"{len(left) + len(suppressed)} departures are in it")
