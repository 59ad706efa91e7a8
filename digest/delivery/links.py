"""The connections of one run: dialled as needed, waited on together."""

import contextlib
import select
from collections.abc import Collection

from digest.channel import Channel
from digest.delivery.policy import Policy
from digest.smtp import Connection, Event

_TICK_SECONDS = 1.0
# The least that epoll can wait.
LULL_SECONDS = 0.001


class Links:
    """At most `policy.connections` connections to the relay. The second is dialled only once the first is ready.

    `busy`: something happened in the last wait, at the relay or at the database. `lull`: nothing has for a millisecond.
    """

    def __init__(self, policy: Policy) -> None:
        self.all: list[Connection] = []
        self.busy = self.lull = False
        self._policy = policy
        self._most = policy.connections
        self._epoll = select.epoll()
        self._watched: dict[int, Connection] = {}
        # Descriptor and the serial of its socket.
        self._sockets: dict[Connection, tuple[int, int]] = {}
        self._channels: set[tuple[int, int]] = set()
        self._expired_at = self._happened_at = policy.clock()

    @property
    def complete(self) -> bool:
        """Whether there are as many connections as there may be."""
        return len(self.all) >= self._most

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
        self._watch(channels)
        happened: list[tuple[Connection, list[Event]]] = []
        ready = self._epoll.poll(min(seconds, _TICK_SECONDS))
        now = self._policy.clock()
        self.busy = bool(ready)
        if ready:
            self._happened_at = now
        self.lull = now - self._happened_at >= LULL_SECONDS
        for descriptor, mask in ready:
            link = self._watched.get(descriptor)
            if link is not None:
                happened.append((link, link.handle(mask)))
        if now - self._expired_at >= _TICK_SECONDS:
            self._expired_at = now
            for link in self.all:
                if not link.closed and link.deadline is not None and link.deadline <= now:
                    happened.append((link, link.expire()))
        return happened

    def forget_closed(self) -> None:
        for link in [link for link in self.all if link.closed]:
            self._unwatch(link)
            self.all.remove(link)

    def close(self) -> None:
        """Bid farewell on every connection."""
        for link in self.all:
            link.bid_farewell()
        self._epoll.close()

    def _watch(self, channels: Collection[Channel]) -> None:
        """Tell the kernel what is waited for. What has been closed comes first: its descriptor may be another's by now."""
        owing = {(each.fileno(), each.serial) for each in channels if each.busy}
        for descriptor, _ in self._channels - owing:
            with contextlib.suppress(OSError):
                self._epoll.unregister(descriptor)
        self._watch_links()
        for descriptor, _ in owing - self._channels:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._channels = owing

    def _watch_links(self) -> None:
        """A connection changes its socket while it tries addresses."""
        for link in self.all:
            if link.changed:
                self._watch_link(link)
                link.changed = False

    def _watch_link(self, link: Connection) -> None:
        descriptor, mask = link.fileno(), link.interest
        watched = self._sockets.get(link)
        if watched is not None and watched == (descriptor, link.serial):
            self._epoll.modify(descriptor, mask)
        else:
            self._unwatch(link)
            if link.closed:
                return
            self._epoll.register(descriptor, mask)
        self._sockets[link], self._watched[descriptor] = (descriptor, link.serial), link

    def _unwatch(self, link: Connection) -> None:
        descriptor, _ = self._sockets.pop(link, (-1, 0))
        if self._watched.get(descriptor) is link:
            del self._watched[descriptor]
            with contextlib.suppress(OSError):
                self._epoll.unregister(descriptor)
