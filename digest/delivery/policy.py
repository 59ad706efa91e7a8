"""How a run of the sender behaves; what the settings say, in one value."""

import datetime as dt
import functools
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.conf import settings

from digest.delivery.pacing import OVERALL, Warmup
from digest.smtp import Relay, Timeouts

# Seconds since boot, suspension included: a lease goes on running while the machine sleeps.
boot_seconds = functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class Policy:
    """`books`: rounds that may be under way at once. `lease`: how long a claim holds without being renewed. `settle`: how long
    an uncertain delivery waits before it is sent once more, which happens only if `resend`. `seconds`: a run claims nothing
    more after this long, so that a worker that is asked to stop can end its run. `chunk`: claimed at once; `slice`: loaded at
    once. `freshness`: seconds after which the answer to "may this be sent" is asked for anew. `patience`: seconds to wait for
    a database that is away. `rates`, `workers`, `redis`, `warmup`: see `pacing`.
    """

    relay: Relay
    hostname: str = field(default_factory=socket.getfqdn)
    timeouts: Timeouts = field(default_factory=Timeouts)
    connections: int = 10
    books: int = 2
    lease: dt.timedelta = dt.timedelta(minutes=2)
    settle: dt.timedelta = dt.timedelta(minutes=1)
    resend: bool = True
    seconds: float = 20.0
    chunk: int = 500
    slice: int = 40
    freshness: float = 2.0
    patience: float = 60.0
    rates: Mapping[str, float] = field(default_factory=dict)
    workers: int = 4
    redis: str = ""
    warmup: Warmup | None = None
    clock: Callable[[], float] = boot_seconds

    @classmethod
    def from_settings(cls) -> "Policy":
        """What the settings say; raises RelayUnclear when SMTP_URL cannot be understood."""
        return cls(
            relay=Relay.parse(settings.SMTP_URL),
            hostname=settings.SMTP_HELLO,
            timeouts=Timeouts.at_most(settings.SMTP_TIMEOUT_SECONDS),
            connections=settings.SMTP_CONNECTIONS,
            lease=dt.timedelta(seconds=settings.LEASE_SECONDS),
            settle=dt.timedelta(seconds=settings.UNCERTAIN_SETTLE_SECONDS),
            resend=settings.UNCERTAIN_RESEND,
            rates={OVERALL: float(settings.SEND_RATE), **settings.DOMAIN_RATES},
            workers=settings.SEND_WORKERS,
            redis=settings.REDIS_URL,
            warmup=Warmup.parse(settings.WARMUP),
        )


def worker_name() -> str:
    """A name no other run has: host, process and a random part."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{os.urandom(4).hex()}"
