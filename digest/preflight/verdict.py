"""What a run of the checks decides: it is kept for the operator to see, and holds issues back while something is fatal."""

import datetime as dt
import logging
from collections.abc import Callable, Sequence

from django.db import DatabaseError, IntegrityError, connection, transaction

from digest.models import Brake, Preflight
from digest.preflight.findings import Finding, Level

log = logging.getLogger(__name__)

UNDER_WAY = "the checks of the day are under way"
# A fatal finding is looked at again by itself, so that what has been mended is noticed.
_AGAIN_AFTER = dt.timedelta(hours=1)
_LOCK = 0x70726566


def keep(findings: Sequence[Finding], now: dt.datetime, by: str = "") -> Preflight:
    """Store the findings, and hold issues back (never notices) if one is fatal, or let them go."""
    fatal = [f"{each.check}: {each.found}" for each in findings if each.level is Level.FATAL]
    told = [{"check": each.check, "level": each.level.value, "found": each.found, "mend": each.mend} for each in findings]
    with transaction.atomic():
        run = Preflight.objects.create(ran_at=now, by=by, fatal=bool(fatal), findings=told)
        _decide(run, now)
    return run


def due(now: dt.datetime) -> bool:
    """Whether this UTC day has had no checks yet, or had some that failed an hour ago or more."""
    last = Preflight.objects.order_by("-ran_at").first()
    if last is None or last.ran_at.astimezone(dt.UTC).date() != now.astimezone(dt.UTC).date():
        return True
    return last.fatal and now - last.ran_at >= _AGAIN_AFTER


def before_sending(run: Callable[[], Sequence[Finding]], now: dt.datetime) -> Preflight | None:
    """Run the checks if they are due, once for all workers; issues wait until they are done. None when they were not due.

    The brake is set before anything else, so that a worker that comes while another one checks sends notices alone.
    """
    if not due(now):
        return None
    _brake(UNDER_WAY, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            if not due(now):
                # Its verdict came before our brake and has not lifted it.
                _decide(Preflight.objects.latest("ran_at"), now)
            return None
        try:
            if due(now):
                return _keep_what_comes_of(run, now)
            # Another worker finished in between, and our brake came after its verdict.
            last = Preflight.objects.latest("ran_at")
            _decide(last, now)
            return last
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _keep_what_comes_of(run: Callable[[], Sequence[Finding]], now: dt.datetime) -> Preflight:
    try:
        findings = run()
    except DatabaseError:
        raise
    except Exception as error:
        # What the outside world says may make a check fail in any way. Notices must go out, and the operator be told.
        log.exception("The checks of the day could not be run; issues wait")
        found = f"the checks could not be run ({type(error).__name__}: {error})"
        findings = [Finding("preflight", Level.FATAL, found, "Run `manage.py preflight`; the log of the worker has all of it.")]
    return keep(findings, now)


def _decide(run: Preflight, now: dt.datetime) -> None:
    Brake.objects.standing().filter(kind=Brake.Kind.PREFLIGHT).update(lifted_at=now, lifted_by="the preflight")
    if run.fatal:
        fatal = [f"{each['check']}: {each['found']}" for each in run.findings if each["level"] == Level.FATAL.value]
        _brake("; ".join(fatal), now)


def _brake(why: str, now: dt.datetime) -> None:
    try:
        with transaction.atomic():
            Brake.objects.create(kind=Brake.Kind.PREFLIGHT, domain="", why=why[:500], since=now)
    except IntegrityError:
        return  # It stands already.
