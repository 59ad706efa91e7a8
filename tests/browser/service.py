"""A service as it looks on a busy and on a bad day: ninety days of counts, a breaker, jobs in every state."""

import datetime as dt
import random

from digest import issues
from digest.models import Brake, DayCount, Preflight, Source
from subscriptions.models import Job, Subscription, Topic
from tests.admin import world


def fill(now: dt.datetime) -> None:
    """Forty people, sixty papers, issues published a moment ago, and all that the operator's pages can show."""
    world.build(now, people=40, papers=60)
    issues.publish(list(Subscription.objects.live().order_by("id").values_list("pk", flat=True)[:8]), now)
    history(now)
    incidents(now)


def history(now: dt.datetime) -> None:
    """Ninety days as a busy list has them; what the charts are made of."""
    chance = random.Random(5)
    rows = []
    for back in range(90):
        day, weekend = (now - dt.timedelta(days=back)).date(), (now - dt.timedelta(days=back)).weekday() > 4
        grown = 90 - back
        sent = (300 if weekend else 1900) + 14 * grown + chance.randrange(150)
        made = {
            "standing": {"reading": 8200 + 31 * grown, "waiting": 140 + chance.randrange(60), "left": 700 + 6 * grown},
            "signed-up": {"": 40 + chance.randrange(25)},
            "confirmed": {"": 30 + chance.randrange(15)},
            "left": {"": 4 + chance.randrange(6)},
            "left-because": {"unsubscribed by link": 3 + chance.randrange(4), "one-click": chance.randrange(4)},
            "deliveries": {"accepted": sent, "failed": chance.randrange(9), "deferred": 2 if back == 0 else 0},
            "domain-accepted": {"example.com": sent // 2, "example.org": sent // 3, "example.net": sent // 6},
            "domain-failed": {"example.net": chance.randrange(6), "example.org": chance.randrange(3)},
            "bounces": {"suppress": chance.randrange(7), "soft": chance.randrange(12), "complaint": int(back % 9 == 4)},
            "latency": {"p50": 9_000 + chance.randrange(3_000), "p95": 48_000 + chance.randrange(9_000), "p99": 90_000},
            "topic-readers": {
                str(topic.pk): 900 + 700 * place + (grown * (37 + 13 * place) + chance.randrange(90)) // 4
                for place, topic in enumerate(Topic.objects.all())
            },
        }
        made["papers"] = {
            str(source.pk): 0 if weekend else chance.randrange(10, 90 - 20 * place)
            for place, source in enumerate(Source.objects.order_by("id"))
        }
        rows += [
            DayCount(day=day, kind=kind, key=key, number=number)
            for kind, keys in made.items()
            for key, number in keys.items()
            if number
        ]
    DayCount.objects.all().delete()
    DayCount.objects.bulk_create(rows)


def incidents(now: dt.datetime) -> None:
    """What an operator's pages show on a bad day: a breaker, jobs in every state, a preflight with findings."""
    Brake.objects.create(kind="breaker", domain="example.net", why="refused five times in a row", since=now)
    Job.objects.bulk_create(
        Job(
            kind=kind, state=state, done=done, total=19_212, started_by_name="operator",
            created_at=now - dt.timedelta(hours=ago), finished_at=None if state == "running" else now,
            result={"counts": {"erased": done}, "notes": ["One had left before."]},
            error="The source was removed meanwhile." if state == "failed" else "",
        )
        for ago, (kind, state, done) in enumerate(
            [("erase", "done", 19_212), ("import", "cancelled", 500), ("read past days", "failed", 12),
             ("suppress", "running", 7_300)]
        )
    )  # fmt: skip
    findings = [
        {"check": "SPF", "level": "fine", "found": "The relay is named.", "mend": ""},
        {
            "check": "DKIM",
            "level": "warning",
            "found": "The key has 1024 bits.",
            "mend": "Make one of 2048 bits and publish it.",
        },
        {
            "check": "PTR",
            "level": "fatal",
            "found": "192.0.2.7 has no name.",
            "mend": "Ask whoever gave you the address for one.",
        },
    ]
    Preflight.objects.create(ran_at=now, fatal=True, findings=findings)
