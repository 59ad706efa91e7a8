"""What a run has claimed and not settled: the letters that wait for a connection, and those on the way."""

import datetime as dt
import itertools
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from digest.channel import Channel
from digest.delivery import composing, eligibility, ledger, outcomes
from digest.delivery.brakes import Standing
from digest.delivery.claims import Claims
from digest.delivery.composing import MessagesFor
from digest.delivery.outcomes import Chance, Outcome
from digest.delivery.pacing import Pace
from digest.delivery.policy import Policy
from digest.models import Delivery
from digest.smtp import Letter, Unsendable

_HELD_UP_SECONDS = 0.05
_WARMUP_LOCK = 0x7761726D


@dataclass(slots=True, eq=False)
class Held:
    """A delivery under our lease, with its letter once composed. `begun`: its final dot may be out."""

    delivery: Delivery
    letter: Letter | None = None
    begun: bool = False


class Supply:
    """Claims in chunks ahead of need, loads in slices, composes and hands out one letter at a time, and keeps the leases.

    `exhausted`: it will claim nothing more. `drained`: the ledger had nothing more that was ready. `checked_at`: when it was
    last asked, by the policy's clock, whether what is held may be sent.
    """

    def __init__(self, policy: Policy, worker: str, limit: int, make: MessagesFor, chance: Chance) -> None:
        self.claimed = 0
        self.exhausted = False
        self.drained = False
        self.held: dict[int, Held] = {}
        self._policy = policy
        self._worker = worker
        self._limit = limit
        self._ahead = composing.Ahead(make)
        self._chance = chance
        self._pace = Pace(policy.rates, policy.workers, policy.redis, policy.clock)
        self._held_up_until = float("-inf")
        self._standing = Standing()
        self._probes: deque[str] | None = None
        self._claims = Claims(worker, policy.lease)
        self._asked = 0
        self._stopped = False
        self._batch: composing.Batch | None = None
        self._following: composing.Batch | None = None
        self._uncomposed: deque[Held] = deque()
        self._ready: deque[Held] = deque()
        self.checked_at = self._renewed_at = policy.clock()

    @property
    def waiting(self) -> int:
        """Deliveries that wait for a connection."""
        return len(self._uncomposed) + len(self._ready)

    @property
    def asking(self) -> Channel | None:
        """Where the answer to a claim will come from, if one is under way."""
        return self._claims.channel if self._claims.channel.busy else None

    @property
    def reading(self) -> Channel | None:
        """Where the contents of the next batch will come from, if they are being read."""
        return self._ahead.channel

    @property
    def composable(self) -> bool:
        """Whether there is something to compose that has been read, and room for it."""
        if not self._uncomposed or not (len(self._ready) < self._policy.slice or self._looks_further):
            return False
        return self._ahead.channel is None or self._is_read(self._uncomposed[0])

    @property
    def leased_until(self) -> float:
        """Until when, by the policy's clock, all leases surely run: each was taken or extended after the last renewal began."""
        return self._renewed_at + self._policy.lease.total_seconds()

    @property
    def starving(self) -> bool:
        """Whether the next connection that is free will find nothing to carry."""
        return not self._ready or self._looks_further

    @property
    def held_up(self) -> bool:
        """Whether letters wait only because of the pace."""
        return bool(self._ready) and self._policy.clock() < self._held_up_until

    @property
    def _looks_further(self) -> bool:
        """Whether what is composed cannot go out yet, so that letters to other domains may be looked for behind it."""
        return self._policy.clock() < self._held_up_until and len(self.held) < 2 * self._policy.chunk

    def next(self) -> Held | None:
        """The next letter to offer, if one is composed and the pace admits it."""
        if not self._pace:
            return self._ready.popleft() if self._ready else None
        if self._policy.clock() < self._held_up_until:
            return None
        for _ in range(len(self._ready)):
            held = self._ready.popleft()
            if self._pace.admits(held.delivery.domain):
                return held
            self._ready.append(held)
        self._held_up_until = self._policy.clock() + _HELD_UP_SECONDS
        return None

    def heed(self, standing: Standing) -> list[int]:
        """Claim nothing for the domains that stand still; returns what is held for them and has not been offered."""
        self._standing = standing
        aside = [held.delivery.id for held in (*self._ready, *self._uncomposed) if held.delivery.domain in standing.closed]
        if aside:
            self._forget(aside)
            ledger.give_back(aside, self._worker, "the receiving domain takes nothing now")
        return aside

    def refill(self, now: dt.datetime) -> list[Outcome]:
        """Take what has been claimed, and claim more before it runs out; returns the outcomes of what must not be sent."""
        settled: list[Outcome] = []
        if self._claims.channel.busy:
            claimed = self._claims.finished()
            if claimed is not None:
                settled = self._take(claimed, now)
        elif not self.exhausted and (len(self._uncomposed) <= self._policy.chunk // 2 or self._looks_further):
            settled = self._claim(now)
        return settled

    def read_ahead(self, now: dt.datetime) -> None:
        """Take what has been read, and have the contents of the next slice read while this one is composed."""
        if self._following is not None:
            return
        if not self._ahead.asked:
            self._read_next()
        if self._ahead.asked:
            self._following = self._ahead.finished(now)

    def _read_next(self) -> None:
        unread = (held.delivery for held in self._uncomposed if not self._is_read(held))
        if part := list(itertools.islice(unread, self._policy.slice)):
            self._ahead.begin(part)

    def compose(self, now: dt.datetime, most: int) -> list[Outcome]:
        """Compose so many at most of what has been read; returns the outcomes of what cannot be made or sent."""
        settled: list[Outcome] = []
        for _ in range(min(most, len(self._uncomposed))):
            delivery = self._uncomposed[0].delivery
            batch = self._batch_of(delivery.id, now)
            if batch is None:
                break
            held = self._uncomposed.popleft()
            try:
                held.letter = batch.letter(delivery)
            except composing.Unmade as error:
                settled.append(outcomes.uncomposed(delivery, str(error), now, self._chance))
            except Unsendable as error:
                settled.append(outcomes.unsendable(delivery, str(error), now))
            if held.letter is None:
                del self.held[delivery.id]
            else:
                self._ready.append(held)
        return settled

    def stop(self) -> None:
        """Claim and compose nothing more."""
        self.exhausted = self._stopped = True
        self._uncomposed.clear()
        self._ready.clear()
        self._batch = self._following = None

    def settle(self, delivery: int) -> Held | None:
        """Let go of a delivery whose outcome is known."""
        return self.held.pop(delivery, None)

    def recheck(self, now: dt.datetime) -> list[Outcome]:
        """Ask again, when the last answer is no longer fresh, whether what has not begun may be sent."""
        if self._policy.clock() - self.checked_at < self._policy.freshness:
            return []
        self.checked_at = self._policy.clock()
        return self.withdraw([held for held in self.held.values() if not held.begun], now)

    def renew(self) -> None:
        """Extend the leases when a third of their time has passed."""
        if self.held and self._policy.clock() - self._renewed_at >= self._policy.lease.total_seconds() / 3:
            self._renewed_at = self._policy.clock()
            ledger.renew(list(self.held), self._worker, self._policy.lease)

    def give_back(self, reason: str) -> int:
        """Return what has not begun to the ledger; returns how many."""
        untried = [pk for pk, held in self.held.items() if not held.begun]
        for pk in untried:
            del self.held[pk]
        return ledger.give_back(untried, self._worker, reason) if untried else 0

    def forget_claim(self) -> None:
        """The database went away with a claim under way: what it claimed, if it did, comes back when its lease runs out."""
        self._claims.close()
        self._ahead.close()

    def _claim(self, now: dt.datetime) -> list[Outcome]:
        """Claim what may go out: notices always, issues as far as the warm-up plan goes.

        Raises RuntimeError inside a transaction: its rows could not be seen, and a claim that is rolled back protects nothing.
        """
        if connection.in_atomic_block:
            raise RuntimeError("Deliveries cannot be claimed inside a transaction: a claim must be durable to protect them.")
        if self._policy.warmup is None:
            self._ask(now, None)
            return []
        # One worker after the other counts what the day has left and takes its part.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WARMUP_LOCK])
            self._ask(now, self._policy.warmup.left(now))
            claimed = self._claims.wait() if self._claims.channel.busy else []
        return self._take(claimed, now)

    def _ask(self, now: dt.datetime, left: int | None) -> None:
        """Ask the ledger: for `left` issues at most, or for notices alone, and for one message to each domain on probation."""
        notices_alone = left == 0 or self._standing.issues
        priority = Delivery.Priority.NOTICE if notices_alone else Delivery.Priority.ISSUE
        if self._probes is None:
            self._probes = deque(sorted(self._standing.probing))
        if self._probes:
            self._asked = 0
            self._claims.begin(now, 1, only=self._probes.popleft(), priority=priority)
            return
        wanted = min(self._policy.chunk, self._limit - self.claimed)
        if wanted <= 0:
            self.exhausted = True
            return
        self._asked = min(wanted, left) if left else wanted
        closed = self._standing.closed | self._standing.probing
        self._claims.begin(now, self._asked, closed=closed, priority=priority)

    def _batch_of(self, delivery: int, now: dt.datetime) -> composing.Batch | None:
        """The batch that the delivery is in, or None while it is being read."""
        if self._batch is None or delivery not in self._batch:
            if self._following is not None and delivery not in self._following:
                self._following = None
            self.read_ahead(now)
            if self._following is None:
                return None
            self._batch, self._following = self._following, None
            self.read_ahead(now)
        return self._batch if self._batch is not None and delivery in self._batch else None

    def _is_read(self, held: Held) -> bool:
        pk = held.delivery.id
        return (self._batch is not None and pk in self._batch) or (self._following is not None and pk in self._following)

    def _take(self, claimed: Iterable[Delivery], now: dt.datetime) -> list[Outcome]:
        taken = [Held(delivery) for delivery in claimed]
        self.claimed += len(taken)
        if self._asked:
            self.drained = len(taken) < self._asked
            self.exhausted = self.exhausted or self.drained or self.claimed >= self._limit
        self.held.update((held.delivery.id, held) for held in taken)
        if self._stopped:
            return []
        self._uncomposed.extend(taken)
        return self.withdraw(taken, now)

    def withdraw(self, asked: Collection[Held], now: dt.datetime) -> list[Outcome]:
        """Ask whether these may be sent, and let go of those that must not; returns their outcomes."""
        barred = eligibility.barred([held.delivery.id for held in asked], now) if asked else {}
        skipped = [outcomes.skipped(self.held[pk].delivery, why, now) for pk, why in barred.items() if pk in self.held]
        self._forget(barred)
        return skipped

    def _forget(self, deliveries: Collection[int]) -> None:
        """Let go of what has not been offered, or only in part."""
        if not deliveries:
            return
        gone = set(deliveries)
        for pk in gone:
            self.held.pop(pk, None)
        for waiting in (self._ready, self._uncomposed):
            if any(held.delivery.id in gone for held in waiting):
                kept = [held for held in waiting if held.delivery.id not in gone]
                waiting.clear()
                waiting.extend(kept)
