"""What a run has claimed and not settled: the letters that wait for a connection, and those on the way."""

import datetime as dt
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from digest.delivery import composing, eligibility, ledger, outcomes
from digest.delivery.brakes import Standing
from digest.delivery.composing import MessagesFor
from digest.delivery.outcomes import Chance, Outcome
from digest.delivery.pacing import Pace
from digest.delivery.policy import Policy
from digest.models import Delivery
from digest.smtp import Letter

_HELD_UP_SECONDS = 0.05


@dataclass(slots=True, eq=False)
class Held:
    """A delivery under our lease, with its letter once composed. `begun`: its final dot may be out."""

    delivery: Delivery
    letter: Letter | None = None
    begun: bool = False


class Supply:
    """Claims in chunks, composes in slices, hands out one letter at a time, and keeps the leases.

    `exhausted`: it will claim nothing more. `drained`: the ledger had nothing more that was ready.
    """

    def __init__(self, policy: Policy, worker: str, limit: int, make: MessagesFor, chance: Chance) -> None:
        self.claimed = 0
        self.exhausted = False
        self.drained = False
        self.held: dict[int, Held] = {}
        self._policy = policy
        self._worker = worker
        self._limit = limit
        self._make = make
        self._chance = chance
        self._pace = Pace(policy.rates, policy.workers, policy.redis, policy.clock)
        self._held_up_until = float("-inf")
        self._standing = Standing()
        self._probed = False
        self._uncomposed: deque[Held] = deque()
        self._ready: deque[Held] = deque()
        self._checked_at = self._renewed_at = policy.clock()

    @property
    def waiting(self) -> int:
        """Deliveries that wait for a connection."""
        return len(self._uncomposed) + len(self._ready)

    @property
    def held_up(self) -> bool:
        """Whether letters wait only because of the pace."""
        return bool(self._ready) and self._policy.clock() < self._held_up_until

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
        aside = [held.delivery.pk for held in (*self._ready, *self._uncomposed) if held.delivery.domain in standing.closed]
        if aside:
            self._forget(aside)
            ledger.give_back(aside, self._worker, "the receiving domain takes nothing now")
        return aside

    def refill(self, now: dt.datetime) -> list[Outcome]:
        """Claim and compose when few letters are left; returns the outcomes of what must not or cannot be sent."""
        held_up = self._policy.clock() < self._held_up_until and len(self.held) < 2 * self._policy.chunk
        if len(self._ready) > self._policy.connections and not held_up:
            return []
        settled: list[Outcome] = []
        if not self._uncomposed and not self.exhausted:
            settled += self._claim(now)
        if self._uncomposed:
            settled += self._compose(now)
        return settled

    def stop(self) -> None:
        """Claim and compose nothing more."""
        self.exhausted = True
        self._uncomposed.clear()
        self._ready.clear()

    def settle(self, delivery: int) -> Held | None:
        """Let go of a delivery whose outcome is known."""
        return self.held.pop(delivery, None)

    def recheck(self, now: dt.datetime) -> list[Outcome]:
        """Ask again, when the last answer is no longer fresh, whether what has not begun may be sent."""
        if self._policy.clock() - self._checked_at < self._policy.freshness:
            return []
        self._checked_at = self._policy.clock()
        barred = eligibility.barred([pk for pk, held in self.held.items() if not held.begun], now)
        skipped = [outcomes.skipped(self.held[pk].delivery, why, now) for pk, why in barred.items()]
        self._forget(barred)
        return skipped

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

    def _claim(self, now: dt.datetime) -> list[Outcome]:
        wanted = min(self._policy.chunk, self._limit - self.claimed)
        claimed = self._from_ledger(now, wanted) if wanted > 0 else []
        self.claimed += len(claimed)
        self.drained = len(claimed) < wanted
        self.exhausted = self.drained or self.claimed >= self._limit
        if not claimed:
            return []
        barred = eligibility.barred([delivery.pk for delivery in claimed], now)
        skipped = [outcomes.skipped(each, barred[each.pk], now) for each in claimed if each.pk in barred]
        for delivery in claimed:
            if delivery.pk not in barred:
                self.held[delivery.pk] = held = Held(delivery)
                self._uncomposed.append(held)
        return skipped

    def _from_ledger(self, now: dt.datetime, wanted: int) -> list[Delivery]:
        """What may go out: notices always, issues as far as the warm-up plan goes, one message to each domain on probation."""
        left = self._policy.warmup.left(now) if self._policy.warmup else None
        notices_alone = left == 0 or self._standing.issues
        priority = Delivery.Priority.NOTICE if notices_alone else Delivery.Priority.ISSUE
        wanted = min(wanted, left) if left else wanted
        lease, standing = self._policy.lease, self._standing
        claimed: list[Delivery] = []
        if not self._probed:
            self._probed = True
            for domain in sorted(standing.probing):
                claimed += ledger.claim(now, 1, self._worker, lease, only=domain, priority=priority)
        closed = standing.closed | standing.probing
        claimed += ledger.claim(now, wanted, self._worker, lease, closed=closed, priority=priority)
        return claimed

    def _forget(self, deliveries: Collection[int]) -> None:
        """Let go of what has not been offered, or only in part."""
        gone = set(deliveries)
        for pk in gone:
            self.held.pop(pk, None)
        for waiting in (self._ready, self._uncomposed):
            if any(held.delivery.pk in gone for held in waiting):
                kept = [held for held in waiting if held.delivery.pk not in gone]
                waiting.clear()
                waiting.extend(kept)

    def _compose(self, now: dt.datetime) -> list[Outcome]:
        part = [self._uncomposed.popleft() for _ in range(min(self._policy.slice, len(self._uncomposed)))]
        letters, unmade, unsendable = composing.letters([held.delivery for held in part], now, self._make)
        settled: list[Outcome] = []
        for held in part:
            pk = held.delivery.pk
            if letter := letters.get(pk):
                held.letter = letter
                self._ready.append(held)
                continue
            del self.held[pk]
            if pk in unsendable:
                settled.append(outcomes.unsendable(held.delivery, unsendable[pk], now))
            else:
                settled.append(outcomes.uncomposed(held.delivery, unmade[pk], now, self._chance))
        return settled
