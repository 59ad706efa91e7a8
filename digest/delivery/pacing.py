"""How fast: token buckets that all senders share through Redis, and a warm-up plan of so many messages a day.

Without Redis each sender keeps to its share of the rates by itself: slower, never faster.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import redis
from django.core.exceptions import ImproperlyConfigured

from digest.models import Delivery

log = logging.getLogger(__name__)

OVERALL = ""
_RETRY_REDIS_SECONDS = 30.0
_BURST_SECONDS = 1.0
_GRAB_SECONDS = 0.1
# KEYS[1] the bucket; ARGV: tokens a second, the most it holds, tokens wanted. Redis's clock, so that workers' need not agree.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local rate, most, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(most, (tonumber(held[1]) or most) + math.max(0, now - (tonumber(held[2]) or now)) * rate)
local granted = math.min(wanted, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tokens - granted, 'at', now)
redis.call('EXPIRE', KEYS[1], math.ceil(most / rate) + 60)
return granted
"""


class Bucket:
    """A token bucket in this process: `rate` tokens a second, at most `most`."""

    def __init__(self, rate: float, most: float, now: float) -> None:
        self._rate, self._most = rate, most
        self._tokens, self._at = most, now

    def empty(self, now: float) -> None:
        """It holds nothing now, and fills from here on."""
        self._tokens, self._at = 0.0, now

    def take(self, wanted: int, now: float) -> int:
        """Up to `wanted` tokens, as many as there are."""
        self._tokens = min(self._most, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now
        granted = min(wanted, int(self._tokens))
        self._tokens -= granted
        return granted


# A process's own buckets outlive its runs: each run would else begin with a full one. By clock, domain, rate and share.
_OWN: dict[tuple[Callable[[], float], str, float, int], Bucket] = {}


class Pace:
    """Admits messages at so many a second: altogether (OVERALL) and for single domains; what has no rate is not held up."""

    def __init__(self, rates: Mapping[str, float], workers: int, url: str, clock: Callable[[], float]) -> None:
        self._rates = {domain: rate for domain, rate in rates.items() if rate > 0}
        self._share = max(1, workers)
        self._clock = clock
        self._taken: dict[str, int] = {}
        self._shared = False
        self._retry_at = float("-inf")
        self._redis = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5) if self._rates else None

    def __bool__(self) -> bool:
        return bool(self._rates)

    def admits(self, domain: str) -> bool:
        """Whether a message to the domain may go now; if so it is counted."""
        if domain in self._rates and not self._available(domain):
            return False
        if OVERALL in self._rates:
            if not self._available(OVERALL):
                return False
            self._taken[OVERALL] -= 1
        if domain in self._rates:
            self._taken[domain] -= 1
        return True

    def _available(self, domain: str) -> bool:
        if self._taken.get(domain, 0) <= 0:
            rate = self._rates[domain]
            self._taken[domain] = self._take(domain, rate, max(1, int(rate * _GRAB_SECONDS)))
        return self._taken[domain] > 0

    def _take(self, domain: str, rate: float, wanted: int) -> int:
        now = self._clock()
        most = max(1.0, rate * _BURST_SECONDS)
        if self._redis is not None and now >= self._retry_at:
            try:
                granted = int(self._redis.eval(_TAKE, 1, f"paper-round:rate:{domain}", rate, most, wanted))
            except redis.RedisError as error:
                self._retry_at = now + _RETRY_REDIS_SECONDS
                log.warning("Redis is away; this sender keeps to its share of the rates: %s", error)
                if self._shared:
                    # What the shared buckets gave a moment ago is not given once more.
                    for each in self._rates:
                        self._bucket(each, now).empty(now)
                    self._shared = False
            else:
                self._shared = True
                return granted
        return self._bucket(domain, now).take(wanted, now)

    def _bucket(self, domain: str, now: float) -> Bucket:
        """A sender keeps to its share of rate and burst: however many there are at once, together they stay below the rate."""
        rate = self._rates[domain]
        most = max(1.0, max(1.0, rate * _BURST_SECONDS) / self._share)
        return _OWN.setdefault((self._clock, domain, rate, self._share), Bucket(rate / self._share, most, now))


@dataclass(frozen=True, slots=True)
class Warmup:
    """At most `first` messages on `start`, and `growth` times as many on each day after."""

    start: dt.date
    first: int
    growth: float

    @classmethod
    def parse(cls, plan: str) -> "Warmup | None":
        """`2026-03-01:200:1.5`, or None for ""; raises ImproperlyConfigured."""
        if not plan:
            return None
        day, _, rest = plan.partition(":")
        first, _, growth = rest.partition(":")
        try:
            warmup = cls(dt.date.fromisoformat(day), int(first), float(growth))
        except ValueError as error:
            raise ImproperlyConfigured(
                f"WARMUP is {plan!r} ({error}). It takes a day, a cap and a growth: 2026-03-01:200:1.5"
            ) from error
        if warmup.first < 1 or warmup.growth <= 1:
            raise ImproperlyConfigured(
                f"WARMUP is {plan!r}. The cap must be 1 or more, and grow: for example 2026-03-01:200:1.5"
            )
        return warmup

    def cap(self, day: dt.date) -> int | None:
        """The most messages for a day, None once the plan has outgrown a million; before the start, the first day's."""
        days = max(0, (day - self.start).days)
        cap = self.first * self.growth ** min(days, 400)
        return None if cap > 1_000_000 else int(cap)

    def left(self, now: dt.datetime) -> int | None:
        """How many more may be handed over on this UTC day; None when there is no cap any more."""
        cap = self.cap(now.astimezone(dt.UTC).date())
        if cap is None:
            return None
        midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        handed = Delivery.objects.filter(state=Delivery.State.ACCEPTED, finished_at__gte=midnight).count()
        unfinished = Delivery.objects.filter(finished_at=None)
        under_way = unfinished.filter(state__in=[Delivery.State.CLAIMED, Delivery.State.SENDING]).count()
        return max(0, cap - handed - under_way)
