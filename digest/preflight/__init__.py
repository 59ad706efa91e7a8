"""What receivers ask of whoever sends in bulk: names, keys, transport, one-click unsubscription, good conduct.

    settings, World -> checks -> findings -> verdict: kept, and issues held back while one is fatal

Every check is a function of an outside world that is handed in (`World`), and says how to mend what it finds. The rules are
those that Gmail, Yahoo and Microsoft publish for senders of more than 5,000 messages a day, and the RFCs that they cite;
docs/delivery.md lists them.
"""

import datetime as dt
from collections.abc import Callable, Iterator

from django.conf import settings

from digest.messages import bounce_address, dkim, sender
from digest.preflight.conduct import reports, safety, sizes
from digest.preflight.findings import Finding, Level
from digest.preflight.identity import dmarc, reverse_names, senders
from digest.preflight.keys import keys
from digest.preflight.probe import probe
from digest.preflight.received import received
from digest.preflight.spf import spf
from digest.preflight.verdict import before_sending, keep
from digest.preflight.wire import one_click, provider, transport
from digest.preflight.world import Answer, Greeting, Internet, World

__all__ = [
    "Answer",
    "Finding",
    "Greeting",
    "Internet",
    "Level",
    "World",
    "before_sending",
    "keep",
    "probe",
    "received",
    "run",
]


def run(world: World, now: dt.datetime) -> list[Finding]:
    """Every check, in the order in which one would mend things. A part of the world that is silent is a warning."""
    digests, notices = sender(settings.DIGEST_FROM, "DIGEST_FROM"), sender(settings.NOTICE_FROM, "NOTICE_FROM")
    own = digests.domain.lower()
    bounce = bounce_address().rpartition("@")[2].lower()
    signers = {each.selector: each for each in dkim.signers(settings.DKIM_KEYS, own)} if settings.DKIM_KEYS else {}
    checks: list[Callable[[], Iterator[Finding]]] = [
        lambda: senders(world, digests.address, notices.address, bounce),
        lambda: spf(world, bounce, settings.RELAY_ADDRESSES),
        lambda: keys(world, own, settings.DKIM_SELECTOR, signers),
        lambda: dmarc(world, own, bounce, own),
        lambda: reverse_names(world, settings.RELAY_ADDRESSES),
        lambda: transport(world, settings.SMTP_URL) if settings.DELIVERY_BACKEND == "smtp" else provider(world),
        lambda: one_click(world, settings.SITE_URL),
        lambda: reports(now),
        lambda: sizes(now),
        lambda: safety(now),
    ]
    found: list[Finding] = []
    for check in checks:
        try:
            found += check()
        except OSError as error:
            found.append(Finding("outside world", Level.WARNING, str(error), "Check this machine's network and try again."))
    return found
