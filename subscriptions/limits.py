"""How often something may happen: sliding windows, counted in Redis, or in PostgreSQL while Redis is away."""

import contextlib
import datetime as dt
import functools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from redis.commands.core import Script

from subscriptions.models import Request

_log = logging.getLogger(__name__)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)

# Each window is a sorted set of what happened in it. All windows are looked at before any is written, so that what is refused
# by one counts in none; and what was counted before, under the same name, is allowed again, so that a retry loses nothing.
_TAKE = """
local now, name = tonumber(ARGV[1]), ARGV[2]
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  if not redis.call('ZSCORE', key, name) and redis.call('ZCARD', key) >= limit then return i end
end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, 'NX', now, name)
  redis.call('PEXPIRE', key, tonumber(ARGV[2 + 2 * i]))
end
return 0
"""


@dataclass(frozen=True)
class Rule:
    """At most `limit` events in any `window`, for one `subject` of its `kind`."""

    kind: Literal["mailbox", "domain", "messages", "network", "requests", "previews", "votes", "submissions", "workless"]
    subject: str
    limit: int
    window: dt.timedelta

    @property
    def key(self) -> str:
        return f"paper-round:limit:{self.kind}:{self.window.total_seconds():.0f}:{self.subject}"

    def counted(self, now: dt.datetime) -> int:
        """How many events of the last window PostgreSQL knows of; none of those that leave no request behind."""
        since = now - self.window
        answered = ~Q(outcome=Request.Outcome.REFUSED) & Q(answered_at__gt=since)
        counts = {
            "mailbox": answered & Q(mailbox=bytes.fromhex(self.subject) if self.kind == "mailbox" else b""),
            "domain": answered & Q(domain=self.subject),
            "messages": answered,
            "network": Q(created_at__gt=since, network=self.subject),
            "requests": Q(created_at__gt=since),
        }
        if self.kind not in counts:
            return 0
        return Request.objects.filter(counts[self.kind]).count()


def of_mailbox(mailbox: bytes) -> list[Rule]:
    """One message an hour and three a day that someone else may have asked for."""
    subject = mailbox.hex()
    return [Rule("mailbox", subject, 1, HOUR), Rule("mailbox", subject, 3, DAY)]


def of_domain(domain: str) -> list[Rule]:
    return [Rule("domain", domain, settings.ASKED_MESSAGES_PER_DOMAIN_AND_HOUR, HOUR)]


def of_all_messages() -> list[Rule]:
    """The breaker: whatever goes wrong, no more messages than these are asked for in an hour."""
    return [Rule("messages", "all", settings.ASKED_MESSAGES_PER_HOUR, HOUR)]


def of_network(network: str) -> list[Rule]:
    """What one network may ask; what comes over a socket has no network and no such limit."""
    return [Rule("network", network, settings.REQUESTS_PER_NETWORK_AND_HOUR, HOUR)] if network else []


def of_all_requests() -> list[Rule]:
    """How many requests are written down in an hour, answered or not."""
    return [Rule("requests", "all", 10 * settings.ASKED_MESSAGES_PER_HOUR, HOUR)]


def of_workless(network: str) -> list[Rule]:
    """Sign-ups that are let in without the proof of work that is asked for: one of a network, and a thirtieth of the hour's."""
    everyone = Rule("workless", "all", max(1, settings.ASKED_MESSAGES_PER_HOUR // 30), HOUR)
    return [Rule("workless", network or "socket", 1, HOUR), everyone]


def of_previews(network: str) -> list[Rule]:
    """Previews of a digest that one network may look at; each costs a ranking."""
    return [Rule("previews", network or "socket", 2 * settings.REQUESTS_PER_NETWORK_AND_HOUR, HOUR)]


def of_person(kind: Literal["votes", "submissions"], subscriber_id: int, limit: int) -> list[Rule]:
    """What one subscriber may do in a day."""
    return [Rule(kind, str(subscriber_id), limit, DAY)]


def take(rules: Sequence[Rule], name: str, now: dt.datetime) -> Rule | None:
    """Count the event called `name` under every rule, unless one is used up: that one is returned, and nothing is counted.

    With Redis away the rows of `Request` are counted instead; call it in a transaction, for the count then holds a lock until
    the row that it allows is committed.
    """
    try:
        return _take_from_redis(rules, name, now)
    except redis.RedisError as error:
        _log.warning("Redis is away, so limits are counted in PostgreSQL: %s", error)
        return _take_from_rows(rules, now)


def share_used(rules: Sequence[Rule], now: dt.datetime) -> float:
    """How much of the rule that is nearest to its limit is used up, from 0 to 1; counts nothing."""
    try:
        with client(settings.REDIS_URL).pipeline(transaction=False) as together:
            for rule in rules:
                together.zcount(rule.key, (now - rule.window).timestamp() * 1000, "+inf")
            used = [int(count) / max(rule.limit, 1) for rule, count in zip(rules, together.execute(), strict=True)]
    except redis.RedisError:
        used = [rule.counted(now) / max(rule.limit, 1) for rule in rules]
    return min(1.0, max(used, default=0.0))


def first(name: str, window: dt.timedelta) -> bool | None:
    """Whether this is the first time within `window` that `name` is seen; None while Redis, which would know, is away."""
    try:
        return bool(client(settings.REDIS_URL).set(f"paper-round:seen:{name}", 1, nx=True, px=window))
    except redis.RedisError as error:
        _log.warning("Redis is away, so nothing is known to be new: %s", error)
        return None


@contextlib.contextmanager
def admission(rules: Sequence[Rule], name: str, now: dt.datetime) -> Iterator[Rule | None]:
    """`take`, around the one statement that writes the row of what it allows.

    With Redis there is no transaction but the statement's own, which saves two round trips; without, there is one for the lock.
    """
    try:
        over, counted = _take_from_redis(rules, name, now), True
    except redis.RedisError as error:
        _log.warning("Redis is away, so limits are counted in PostgreSQL: %s", error)
        over, counted = None, False
    if counted:
        yield over
    else:
        with transaction.atomic():
            yield _take_from_rows(rules, now)


def _take_from_redis(rules: Sequence[Rule], name: str, now: dt.datetime) -> Rule | None:
    arguments: list[str | float] = [now.timestamp() * 1000, name]
    for rule in rules:
        arguments += [rule.limit, rule.window.total_seconds() * 1000]
    over = int(_script(settings.REDIS_URL)(keys=[rule.key for rule in rules], args=arguments))
    return rules[over - 1] if over else None


def _take_from_rows(rules: Sequence[Rule], now: dt.datetime) -> Rule | None:
    with connection.cursor() as cursor:
        for key in sorted(rule.key for rule in rules):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    return next((rule for rule in rules if rule.counted(now) >= rule.limit), None)


@functools.lru_cache(maxsize=2)
def client(url: str) -> redis.Redis:
    """The connection to a Redis that counts."""
    # A limit is not worth waiting for: half a second, no second try, then PostgreSQL.
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None)


@functools.lru_cache(maxsize=2)
def _script(url: str) -> Script:
    """The script by its hash; a server that has forgotten it is told it again."""
    return client(url).register_script(_TAKE)
