"""A worker whose clock is wrong decides nothing: it would take links for expired and issues for too late."""

import datetime as dt

from django.db import connection

TOLERANCE = dt.timedelta(minutes=1)


def astray(now: dt.datetime) -> str:
    """How far this machine's clock, which says `now`, is from the database's; "" when the two agree within a minute."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: dt.datetime = cursor.fetchone()[0]
    if abs(now - theirs) <= TOLERANCE:
        return ""
    ahead = now > theirs
    apart = dt.timedelta(seconds=round(abs(now - theirs).total_seconds()))
    return f"this machine's clock is {apart} {'ahead of' if ahead else 'behind'} the database's"
