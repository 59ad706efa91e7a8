"""One request at a time for each host, and a pause after it, across all workers: kept in Redis.

A turn is a key that says who holds it, and a key that says when the next may begin. Both expire by themselves, so a worker that
dies holds nobody up for longer than a fetch may last. The clock is Redis's own.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import redis

# arXiv asks for one request every three seconds over one connection, whichever of its hosts is asked
# (https://info.arxiv.org/help/api/tou.html).
PAUSES: Mapping[str, float] = {"arxiv.org": 3.0}
PAUSE = 1.0
_HELD_SECONDS = 40.0
_LONGEST_NAP = 5.0

# KEYS: holder, next. ARGV: token, milliseconds held at most, pause in milliseconds. Returns 0, or milliseconds to wait.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local next = tonumber(redis.call('GET', KEYS[2]) or '0')
if next > now then return next - now end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return math.min(redis.call('PTTL', KEYS[1]), 250) + 1 end
redis.call('SET', KEYS[2], now + ARGV[3], 'PX', ARGV[3] + 1000)
return 0
"""
_GIVE_BACK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Busy(Exception):
    """The host's turn did not come in time; nothing was asked of it."""


class Politeness:
    """Turns at hosts. `pauses` are seconds from the start of one request to the start of the next, by domain."""

    def __init__(
        self,
        server: redis.Redis,
        *,
        pauses: Mapping[str, float] = PAUSES,
        pause: float = PAUSE,
        patience: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._server, self._pauses, self._pause, self._patience, self._sleep = server, pauses, pause, patience, sleep

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Hold the host's turn; raises Busy when it does not come within the patience, redis.RedisError without Redis."""
        domain = next((known for known in self._pauses if host == known or host.endswith(f".{known}")), host)
        pause = self._pauses.get(domain, self._pause)
        holder, following = f"polite:{{{domain}}}:holder", f"polite:{{{domain}}}:next"
        token, waited = secrets.token_hex(8), 0.0
        while milliseconds := self._take(holder, following, token, pause):
            nap = min(milliseconds / 1000, _LONGEST_NAP)
            if waited + nap > self._patience:
                raise Busy(f"{domain} was not free within {self._patience:.0f} s")
            self._sleep(nap)
            waited += nap
        try:
            yield
        finally:
            self._server.eval(_GIVE_BACK, 1, holder, token)

    def _take(self, holder: str, following: str, token: str, pause: float) -> int:
        held = int(_HELD_SECONDS * 1000)
        return int(str(self._server.eval(_TAKE, 2, holder, following, token, str(held), str(int(pause * 1000)))))
