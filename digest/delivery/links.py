"""The connections of one run: dialled as needed, waited on together."""

import contextlib
import selectors
from collections.abc import Collection

from digest.delivery.channel import Channel
from digest.delivery.policy import Policy
from digest.smtp import Connection, Event

_TICK_SECONDS = 1.0


class Links:
    """At most `policy.connections` connections to the relay. The second is dialled only once the first is ready."""

    def __init__(self, policy: Policy) -> None:
        self.all: list[Connection] = []
        self._policy = policy
        self._most = policy.connections
        self._selector = selectors.DefaultSelector()
        self._watched: dict[Connection, tuple[int, int]] = {}
        self._channels: set[int] = set()
        self._expired_at = policy.clock()

    def dial(self, wanted: int) -> list[tuple[Connection, list[Event]]]:
        """Open connections until there are `wanted`, within the limits; returns what happened at once."""
        happened = []
        while len(self.all) < min(wanted, self._most) and (not self.all or any(link.session.ready for link in self.all)):
            link = Connection(self._policy.relay, self._policy.hostname, self._policy.timeouts, self._policy.clock)
            self.all.append(link)
            happened.append((link, link.open()))
            if link.closed:
                break
        return happened

    def want_fewer(self) -> None:
        """The relay does not take as many as we tried: be content with those that are open."""
        self._most = max(1, sum(1 for link in self.all if link.session.ready))

    def wait(self, seconds: float, channels: Collection[Channel]) -> list[tuple[Connection, list[Event]]]:
        """Wait until something happens, the database answers or the time is up; returns what happened to each connection."""
        self._watch()
        self._watch_channels(channels)
        happened = [
            (key.data, key.data.handle(mask))
            for key, mask in self._selector.select(min(seconds, _TICK_SECONDS))
            if isinstance(key.data, Connection)
        ]
        now = self._policy.clock()
        if now - self._expired_at >= _TICK_SECONDS:
            self._expired_at = now
            for link in self.all:
                if not link.closed and link.deadline is not None and link.deadline <= now:
                    happened.append((link, link.expire()))
        return happened

    def forget_closed(self) -> None:
        self.all = [link for link in self.all if not link.closed]

    def close(self) -> None:
        """Bid farewell on every connection."""
        for link in self.all:
            link.bid_farewell()
        self._selector.close()

    def _watch_channels(self, channels: Collection[Channel]) -> None:
        descriptors = {each.fileno() for each in channels if each.busy}
        for gone in self._channels - descriptors:
            with contextlib.suppress(KeyError, ValueError, OSError):
                self._selector.unregister(gone)
        for new in descriptors - self._channels:
            self._selector.register(new, selectors.EVENT_READ)
        self._channels = descriptors

    def _watch(self) -> None:
        """Tell the selector what each connection waits for; a connection changes its socket while it tries addresses."""
        for link in [link for link in self._watched if link.closed or link.fileno() != self._watched[link][0]]:
            self._selector.unregister(self._watched.pop(link)[0])
        for link in self.all:
            if link.closed:
                continue
            mask = link.interest
            watched = self._watched.get(link)
            if watched is None:
                self._selector.register(link, mask, link)
            elif watched[1] != mask:
                self._selector.modify(link, mask, link)
            else:
                continue
            self._watched[link] = (link.fileno(), mask)
