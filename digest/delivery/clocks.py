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
    return f"this machine's clock is {abs(now - theirs)} {'ahead of' if ahead else 'behind'} the database's"
