"""Reports that blame us count as refusals: some receivers accept a message and send it back a minute later.

`bounces` writes down what came back; this module reads those rows and opens the breaker of a receiving domain, as the sender
does when the refusal comes at once.
"""

import datetime as dt
from collections import Counter

from digest.delivery import brakes
from digest.models import Bounce, Brake

# As many as refusals in a row that blame the sender; reports come late and out of order, so within an hour counts as in a row.
BLAMED = 5
WITHIN = dt.timedelta(hours=1)
# A breaker that closes because the relay accepts again, and opens for the same reason within a day, waits for longer.
_REMEMBERED = dt.timedelta(days=1)


def heed(now: dt.datetime) -> list[str]:
    """Open the breakers of the domains that blamed us often enough since they were last open; returns these domains."""
    opened = []
    for domain, blamed, words in _blaming(now):
        if Brake.objects.standing().filter(kind=Brake.Kind.BREAKER, domain=domain).exists():
            continue
        before = Brake.objects.filter(kind=Brake.Kind.BREAKER, domain=domain, lifted_at__gt=now - _REMEMBERED).first()
        brakes.open_breaker(domain, f"{blamed} messages came back that blame us: {words}", now)
        if before is not None:
            again = before.openings + 1
            waits = now + brakes.wait(again, everything=False)
            Brake.objects.standing().filter(kind=Brake.Kind.BREAKER, domain=domain).update(openings=again, until=waits)
        opened.append(domain)
    return opened


def _blaming(now: dt.datetime) -> list[tuple[str, int, str]]:
    """Domains with enough reports, how many, and the words of the last."""
    lifted = {
        brake.domain: brake.lifted_at
        for brake in Brake.objects.filter(kind=Brake.Kind.BREAKER, lifted_at__gt=now - WITHIN).order_by("lifted_at")
    }
    reports = Bounce.objects.filter(
        verdict=Bounce.Verdict.SENDER_FAULT, received_at__gt=now - WITHIN, received_at__lte=now, delivery__isnull=False
    )
    counted: Counter[str] = Counter()
    words: dict[str, str] = {}
    for domain, at, why in reports.order_by("received_at").values_list("delivery__domain", "received_at", "why"):
        since = lifted.get(domain)
        if since is None or at > since:
            counted[domain] += 1
            words[domain] = why
    return [(domain, number, words[domain]) for domain, number in sorted(counted.items()) if number >= BLAMED]
