"""What each UTC day saw: counted by the hour for the last days, kept for good, asked for by the dashboard.

| kind | key | counts |
|---|---|---|
| signed-up, confirmed, left, erased | | people: Consent events asked for, confirmed, unsubscribed, erased |
| left-because | reason | subscriptions that ended that day, by why |
| deliveries | state | deliveries made that day, by the state they are in now |
| domain-accepted, domain-failed | receiving domain | those finished that day, for the domains with most |
| bounces | verdict | reports received |
| issues | | issues published |
| latency | p50, p95, p99 | milliseconds from due to accepted, of issues accepted that day |
| papers | source's id | new entries that its polls brought |
| standing | reading, waiting, left | people at the day's end, as far as today's rows remember it |
| topic-readers | topic's id | people with a live digest that asks for the topic, when the day was last counted |

A day's deliveries change for as long as they are tried, so the last RECOUNTED days are counted anew each time. Each count reads
one day through an index on time, so the work does not grow with the history. The last two kinds read everyone, so they are
counted every OFTEN_ENOUGH only, one reading of the tables for however many days.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection, transaction

from digest.models import DayCount

RECOUNTED = 4
"""48 hours of tries, a resent uncertain message, and the day itself."""
DOMAINS = 20
"""Receiving domains that have a number of their own in a day; the others are one."""

# Each takes the day's start and end, and gives keys and numbers.
_CONSENT = "SELECT '', count(*) FROM subscriptions_consent WHERE at >= %(start)s AND at < %(end)s AND event = "
_QUESTIONS: Mapping[str, str] = {
    "signed-up": f"{_CONSENT}'requested'",
    "confirmed": f"{_CONSENT}'confirmed'",
    "left": f"{_CONSENT}'unsubscribed'",
    "erased": f"{_CONSENT}'erased'",
    "left-because": """
        SELECT ended_because, count(*) FROM subscriptions_subscription
        WHERE ended_at >= %(start)s AND ended_at < %(end)s GROUP BY 1""",
    "deliveries": """
        SELECT state, count(*) FROM digest_delivery
        WHERE created_at >= %(start)s AND created_at < %(end)s GROUP BY 1""",
    "domain-accepted": """
        SELECT domain, count(*) FROM digest_delivery
        WHERE finished_at >= %(start)s AND finished_at < %(end)s AND state = 'accepted' GROUP BY 1""",
    "domain-failed": """
        SELECT domain, count(*) FROM digest_delivery
        WHERE finished_at >= %(start)s AND finished_at < %(end)s AND state = 'failed' GROUP BY 1""",
    "bounces": """
        SELECT verdict, count(*) FROM digest_bounce
        WHERE received_at >= %(start)s AND received_at < %(end)s GROUP BY 1""",
    "issues": "SELECT '', count(*) FROM digest_issue WHERE published_at >= %(start)s AND published_at < %(end)s",
    "latency": """
        SELECT name, value FROM (
            SELECT percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
                ORDER BY extract(epoch FROM d.finished_at - i.due_at)::bigint * 1000
            ) AS values
            FROM digest_delivery d JOIN digest_issue i ON i.id = d.issue_id
            WHERE d.finished_at >= %(start)s AND d.finished_at < %(end)s AND d.state = 'accepted' AND i.kind = 'regular'
        ) found, unnest(ARRAY['p50', 'p95', 'p99'], found.values) AS t(name, value)
        WHERE value IS NOT NULL""",
    "papers": """
        SELECT source_id::text, sum(entries_new) FROM digest_poll
        WHERE started_at >= %(start)s AND started_at < %(end)s GROUP BY 1 HAVING sum(entries_new) > 0""",
}
# Steps by day: who came, who confirmed, who has no digest left that runs and ended the last one. A subscription that only waits
# to be confirmed anew is none.
_STEPS = """
    SELECT 'waiting', (created_at AT TIME ZONE 'UTC')::date, count(*) FROM subscriptions_subscriber GROUP BY 2
    UNION ALL
    SELECT 'reading', (confirmed_at AT TIME ZONE 'UTC')::date, count(*) FROM subscriptions_subscriber
    WHERE confirmed_at IS NOT NULL GROUP BY 2
    UNION ALL
    SELECT 'left', (coalesce(gone.at, s.confirmed_at) AT TIME ZONE 'UTC')::date, count(*) FROM (
        SELECT subscriber_id, max(ended_at) AS at FROM subscriptions_subscription
        GROUP BY 1 HAVING NOT bool_or(ended_at IS NULL AND next_issue_at IS NOT NULL)
    ) gone JOIN subscriptions_subscriber s ON s.id = gone.subscriber_id WHERE s.confirmed_at IS NOT NULL GROUP BY 2"""
_TOPIC_READERS = """
    SELECT i.topic_id::text, count(DISTINCT s.subscriber_id) FROM subscriptions_interest i
    JOIN subscriptions_subscription s ON s.id = i.subscription_id
    WHERE i.kind = 'topic' AND NOT i.excluded AND s.ended_at IS NULL AND s.next_issue_at IS NOT NULL GROUP BY 1"""
_OF_EVERYONE = ("standing", "topic-readers")
_MARK = "everyone-counted"
OFTEN_ENOUGH = dt.timedelta(hours=2)
"""Reading all of a million people takes seconds; a worker does it so often."""
KINDS = (*_QUESTIONS, *_OF_EVERYONE)


def refresh(now: dt.datetime) -> int:
    """Count the last days, and every day before them that was never counted, back to the first event; returns how many days."""
    today = now.astimezone(dt.UTC).date()
    recent = [today - dt.timedelta(days=back) for back in reversed(range(RECOUNTED))]
    known = set(DayCount.objects.filter(kind="counted").values_list("day", flat=True))
    first = _first_day() or today
    missing = [day for day in _days(first, recent[0]) if day not in known]
    for day in [*missing, *recent]:
        count(day)
    if missing or _stale(now):
        count_everyone([*missing, *recent], now)
    return len(missing) + len(recent)


def count(day: dt.date) -> None:
    """Count what happened on one day, in place of what was counted before."""
    found = [(kind, key, number) for kind in _QUESTIONS for key, number in _asked(kind, day)]
    with transaction.atomic():
        DayCount.objects.filter(day=day, kind__in=[*_QUESTIONS, "counted"]).delete()
        # A day on which nothing happened was counted all the same.
        _keep(day, [*found, ("counted", "", 1)])


def count_everyone(days: Sequence[dt.date], now: dt.datetime) -> None:
    """Count who stood where at the end of each of `days`, in order, the last of them today; and today's readers by topic."""
    with connection.cursor() as cursor:
        cursor.execute(_STEPS)
        steps = cursor.fetchall()
        cursor.execute(_TOPIC_READERS)
        topics = [("topic-readers", str(topic), int(number)) for topic, number in cursor.fetchall()]
    with transaction.atomic():
        DayCount.objects.filter(day__in=list(days), kind="standing").delete()
        DayCount.objects.filter(day=days[-1], kind__in=["topic-readers", _MARK]).delete()
        for day in days:
            came, confirmed, left = (
                sum(number for kind, at, number in steps if kind == step and at <= day)
                for step in ("waiting", "reading", "left")
            )
            stood = {"waiting": came - confirmed, "reading": confirmed - left, "left": left}
            _keep(day, [("standing", key, number) for key, number in stood.items() if number])
        _keep(days[-1], [*topics, (_MARK, "", int(now.timestamp()))])


def _stale(now: dt.datetime) -> bool:
    """Whether everyone was last counted too long ago, or yesterday: that day's end is not known before it has passed."""
    today = now.astimezone(dt.UTC).date()
    at = DayCount.objects.filter(day=today, kind=_MARK).values_list("number", flat=True).first()
    return at is None or now.timestamp() - at >= OFTEN_ENOUGH.total_seconds()


def _keep(day: dt.date, found: Iterable[tuple[str, str, int]]) -> None:
    DayCount.objects.bulk_create(DayCount(day=day, kind=kind, key=key[:254], number=number) for kind, key, number in found)


def _asked(kind: str, day: dt.date) -> Sequence[tuple[str, int]]:
    start = dt.datetime.combine(day, dt.time(tzinfo=dt.UTC))
    with connection.cursor() as cursor:
        cursor.execute(_QUESTIONS[kind], {"start": start, "end": start + dt.timedelta(days=1)})
        rows = [(str(key), int(number)) for key, number in cursor.fetchall() if number]
    return _largest(rows) if kind.startswith("domain-") else rows


def _largest(rows: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
    rest = sum(number for _, number in ordered[DOMAINS:])
    return ordered[:DOMAINS] + ([("", rest)] if rest else [])


def series(kind: str, days: Sequence[dt.date]) -> dict[str, list[int]]:
    """What was counted of a kind on these days, by key, each as long as `days`; keys with most come first."""
    return several([kind], days)[kind]


def several(kinds: Sequence[str], days: Sequence[dt.date]) -> dict[str, dict[str, list[int]]]:
    """`series` of several kinds, in one query."""
    places = {day: at for at, day in enumerate(days)}
    found: dict[str, dict[str, list[int]]] = {kind: {} for kind in kinds}
    rows = DayCount.objects.filter(kind__in=list(kinds), day__in=list(days)).values_list("kind", "day", "key", "number")
    for kind, day, key, number in rows.iterator(chunk_size=10_000):
        found[kind].setdefault(key, [0] * len(days))[places[day]] = number
    return {kind: dict(sorted(keys.items(), key=lambda item: (-sum(item[1]), item[0]))) for kind, keys in found.items()}


def total(kind: str, days: Sequence[dt.date], key: str | None = None) -> int:
    """The sum of a kind over these days, of one key or of all."""
    return sum(sum(numbers) for each, numbers in series(kind, days).items() if key is None or each == key)


def _first_day() -> dt.date | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least((SELECT min(at) FROM subscriptions_consent), (SELECT min(started_at) FROM digest_poll),"
            " (SELECT created_at FROM digest_delivery ORDER BY id LIMIT 1))"
        )
        row = cursor.fetchone()
    return row[0].astimezone(dt.UTC).date() if row and row[0] else None


def _days(first: dt.date, until: dt.date) -> Iterable[dt.date]:
    day = first
    while day < until:
        yield day
        day += dt.timedelta(days=1)
