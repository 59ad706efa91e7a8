"""The sender for a provider's interface: rounds of a few requests at once, each round one commit.

A round writes down what the last one's requests came to, and marks the next as `sending`; only then are their requests made,
and only while the lease runs. A crash leaves at most one round in doubt: as many messages as there are connections.
"""

import collections
import datetime as dt
import secrets
import select
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from anymail.exceptions import AnymailError
from anymail.message import AnymailStatus
from django.conf import settings
from django.core.mail import get_connection
from requests import RequestException

from digest.delivery import Delivered, Policy, brakes, stopping
from digest.delivery.books import Books
from digest.delivery.composing import MessagesFor, messages_for
from digest.delivery.journal import Page
from digest.delivery.outcomes import Outcome
from digest.delivery.policy import worker_name
from digest.delivery.supply import Held, Supply
from digest.models import Delivery
from digest.providers import answers, keys
from digest.providers.letters import parts_of
from digest.smtp import Fault

_REFUSALS_IN_A_ROW = 3
_HELD_UP_SECONDS = 0.05


class _Requests(threading.local):
    """A connection to the provider for each thread."""

    backend: Any = None

    def made(self, held: Held) -> AnymailStatus | Exception:
        """Make the request for one message; returns what came of it."""
        if self.backend is None:
            name = f"anymail.backends.{settings.ANYMAIL_ESP}.EmailBackend"
            self.backend = get_connection(name, ignore_unsupported_features=True)
            self.backend.open()
        if held.letter is None:
            raise RuntimeError("only what is composed is sent")
        message = parts_of(held.letter, held.delivery)
        keys.add(settings.ANYMAIL_ESP, self.backend, message, held.delivery.message_id)
        try:
            self.backend.send_messages([message])
        except (AnymailError, RequestException, OSError) as error:
            return error
        return message.anymail_status  # type: ignore[attr-defined] # anymail adds it


def deliver(now: dt.datetime, limit: int, *, policy: Policy | None = None, make: MessagesFor = messages_for) -> Delivered:
    """As `digest.delivery.deliver`, by the provider's interface. Raises django.db.OperationalError when the database goes away:
    the leases then run out, and `recover` finds what was held.
    """
    return _Run(now, limit, policy or Policy.from_settings(), make).run()


class _Run:
    def __init__(self, now: dt.datetime, limit: int, policy: Policy, make: MessagesFor) -> None:
        self._policy, self._start, self._started_at = policy, now, policy.clock()
        self._chance = secrets.SystemRandom().random
        self._standing = brakes.standing(now)
        self._supply = Supply(policy, worker_name(), 1 if self._standing.trying else limit, make, self._chance)
        self._requests = _Requests()
        self._outcomes: list[Outcome] = []
        self._counts: collections.Counter[str] = collections.Counter()
        self._refusals = 0
        self._halted = self._standing.everything

    def run(self) -> Delivered:
        if self._halted:
            return Delivered(0, halted=self._halted)
        books = Books()
        try:
            with ThreadPoolExecutor(max_workers=self._policy.connections) as pool:
                while self._turn(books, pool):
                    pass
        finally:
            self._supply.forget_claim()
            books.close()
        given_back = self._supply.give_back(self._halted)
        self._counts["queued"] += given_back
        more = not self._halted and (given_back > 0 or not self._supply.drained)
        by_state = {str(state): number for state, number in self._counts.items() if number}
        return Delivered(self._supply.claimed, by_state, self._halted, more)

    def _turn(self, books: Books, pool: ThreadPoolExecutor) -> bool:
        """One round; returns whether there may be another."""
        now = self._start + dt.timedelta(seconds=self._policy.clock() - self._started_at)
        self._gather(now)
        batch = [held for _ in range(self._policy.connections) if (held := self._supply.next()) is not None]
        if not self._outcomes and not batch:
            return self._waited()
        lease_ends = self._policy.clock() + self._policy.lease.total_seconds()
        books.begin(Page(self._outcomes, [held.delivery for held in batch], now), self._policy.lease)
        committed = books.wait()
        for outcome in self._outcomes:
            self._counts[outcome.state if outcome.delivery in committed.recorded else "superseded"] += 1
        ours = [held for held in batch if held.delivery.pk in committed.begun]
        for held in batch:
            self._supply.settle(held.delivery.pk)
        self._counts["superseded"] += len(batch) - len(ours)
        # What outlived its lease here is found uncertain by `recover`; nothing is sent for it.
        self._outcomes = self._send(ours, pool, now) if self._policy.clock() < lease_ends else []
        return True

    def _gather(self, now: dt.datetime) -> None:
        """Claim, compose, and let go of what must not be sent any more."""
        self._standing = brakes.standing(now)
        self._counts["queued"] += len(self._supply.heed(self._standing))
        self._halted = self._halted or self._standing.everything
        self._supply.renew()
        if self._halted or self._policy.clock() - self._started_at >= self._policy.seconds or stopping.asked():
            self._supply.stop()
        # A claim that is under way is waited for, also when the run is to end: what it took has to be given back.
        self._outcomes += self._supply.refill(now)
        if self._supply.composable:
            self._outcomes += self._supply.compose(now, 2 * self._policy.connections)
        self._outcomes += self._supply.recheck(now)

    def _waited(self) -> bool:
        """Wait for whatever comes next; returns whether anything can."""
        if self._supply.asking is not None:
            select.select([self._supply.asking], [], [], self._policy.freshness)
        elif self._supply.held_up:
            time.sleep(_HELD_UP_SECONDS)
        return bool(self._supply.asking or self._supply.waiting or not self._supply.exhausted)

    def _send(self, batch: Sequence[Held], pool: ThreadPoolExecutor, now: dt.datetime) -> list[Outcome]:
        """Make a request for each at once; returns their outcomes."""
        found = []
        for held, answer in zip(batch, pool.map(self._requests.made, batch), strict=True):
            size = len(held.letter.content) if held.letter else 0
            if isinstance(answer, Exception):
                outcome = answers.refused(held.delivery, size, answer, now, self._chance, self._policy.settle)
            else:
                outcome = answers.taken(held.delivery, size, answer, now, self._chance)
            self._heed(held.delivery.domain, outcome, now)
            found.append(outcome)
        return found

    def _heed(self, domain: str, outcome: Outcome, now: dt.datetime) -> None:
        """Stop everything when the provider refuses us again and again; go on when it takes a message after that.

        A provider answers before it has spoken with the receiving domain, so that no refusal here is a domain's: those come as
        events, which open the domain's breaker (`delivery.reports`). What is taken on probation closes it, until more come.
        """
        if outcome.state == Delivery.State.ACCEPTED:
            self._refusals = 0
            if domain in self._standing.probing:
                brakes.close_breaker(domain, now)
            if self._standing.trying:
                brakes.close_breaker(brakes.EVERYTHING, now)
        elif outcome.fault is Fault.SENDER:
            self._refusals += 1
            if self._refusals >= _REFUSALS_IN_A_ROW or self._standing.trying:
                self._halted = f"the provider refuses us: {outcome.reply}"[:500]
                brakes.open_breaker(brakes.EVERYTHING, self._halted, now)
