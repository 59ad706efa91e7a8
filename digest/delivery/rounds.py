"""The sender: one loop over a few connections, one synchronous commit a round.

    claim -> compose -> offer -> 354, the body flows -> commit(outcome of k, `sending` of k+1) -> final dot, next envelope

A round gathers whatever is ready when the loop comes by: the outcomes the relay has just announced, and the letters that
lack only their final dot. Both are one commit. The dot goes out only after it, and only while the lease still runs; so a crash
leaves at most one message per connection whose fate nobody knows, and its row says so.
"""

import collections
import contextlib
import datetime as dt
import gc
import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, connection

from digest.channel import Channel
from digest.delivery import brakes, outcomes, stopping
from digest.delivery.books import Books, Round
from digest.delivery.composing import MessagesFor
from digest.delivery.journal import Journal, Page
from digest.delivery.judging import Judge
from digest.delivery.links import LULL_SECONDS, Links
from digest.delivery.outcomes import Outcome
from digest.delivery.policy import Policy, worker_name
from digest.delivery.supply import Held, Supply
from digest.models import Delivery
from digest.smtp import Answered, Broken, Connection, Event, Opened, Ready, Stage

log = logging.getLogger(__name__)

_BREAKS_IN_A_ROW = 5
_RETRY_SECONDS = 0.5
_HELD_UP_SECONDS = 0.05
# No answer to "may this be sent" is older when a final dot goes out.
_STALE_SECONDS = 4.0
# How often the loop may come by before a round begins with what few there are.
_MOST_PASSES = 20
# Letters composed at once while connections are served: a relay waits no longer for us than it takes to make so many.
_PORTION = 4


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a run did: deliveries claimed, and how many are now in which state.

    `queued` were given back untried; `superseded` had been taken over by someone else when their outcome became known.
    `halted` says why the run ended early, "" when it did not; `more` that another run would find work at once.
    """

    claimed: int
    by_state: Mapping[str, int] = field(default_factory=dict)
    halted: str = ""
    more: bool = False


@dataclass(slots=True)
class _Page:
    """A round under way: what it records, and the letters whose final dots wait for it until `lease_ends`.

    `checked_at` is when it was last asked whether they may be sent. `told` are the connections that its outcomes came by.
    """

    outcomes: list[Outcome]
    told: set[Connection]
    opened: list[tuple[Connection, Held]]
    checked_at: float
    lease_ends: float


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """A message leaves no cycles behind, and looking for some takes a tenth of the time that it takes to send it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Run:
    """One run of the sender; `run` does it all."""

    def __init__(self, now: dt.datetime, limit: int, policy: Policy, make: MessagesFor) -> None:
        self._policy = policy
        self._start, self._now, self._started_at = now, now, policy.clock()
        self._chance = secrets.SystemRandom().random
        self._worker = worker_name()
        standing = brakes.standing(now)
        self._judge = Judge(standing)
        self._supply = Supply(policy, self._worker, 1 if standing.trying else limit, make, self._chance)
        self._heeded_at = float("-inf")
        self._links = Links(policy)
        self._journal = Journal(self._worker, policy.clock)
        self._books = [Books(self._journal) for _ in range(policy.books)]
        self._pages: dict[Books, _Page] = {}
        self._outcomes: list[Outcome] = []
        self._told: set[Connection] = set()
        self._opened: list[tuple[Connection, Held]] = []
        self._counts: collections.Counter[str] = collections.Counter()
        self._passes = 0
        self._halted = ""
        self._breaks = 0
        # Connections that have brought a message since the relay last ended one.
        self._useful: set[Connection] = set()
        self._away_since: float | None = None
        self._repeated = False
        self._retry_at = 0.0

    def run(self) -> Delivered:
        """Send until nothing is left, the time is up, or the relay, the database or an operator does not let us."""
        if everything := self._judge.standing.everything:
            return Delivered(0, halted=everything)
        with _without_collecting():
            delivered = self._run()
        self._judge.conclude(self._start)
        return delivered

    def _run(self) -> Delivered:
        # Before anything is claimed: whoever takes deliveries away from this run finds its journal and removes it first.
        self._journal.open()
        try:
            while True:
                self._now = self._start + dt.timedelta(seconds=self._policy.clock() - self._started_at)
                self._keep_books()
                self._hand_out()
                self._hurry()
                if self._done():
                    break
                for link, events in self._links.wait(self._patience(), self._channels()):
                    self._react(link, events)
            self._journal.close()
        finally:
            self._links.close()
            self._hang_up()
        given_back = self._supply.give_back(self._halted)
        self._counts["queued"] += given_back
        more = not self._halted and (given_back > 0 or not self._supply.drained)
        by_state = {str(state): number for state, number in self._counts.items() if number}
        return Delivered(self._supply.claimed, by_state, self._halted, more)

    def _done(self) -> bool:
        if not self._supply.exhausted or self._supply.waiting or self._supply.asking:
            return False
        if self._pages or self._outcomes or self._opened or self._judge.undecided:
            return False
        return not any(not link.session.idle and link.session.ready for link in self._links.all)

    def _channels(self) -> list[Channel]:
        """The connections to the database that owe an answer."""
        owing = [books.channel for books in self._pages]
        owing += [channel for channel in (self._supply.asking, self._supply.reading) if channel is not None]
        if self._journal.posting:
            owing.append(self._journal.channel)
        return owing

    def _hang_up(self) -> None:
        """Give up the connections to the database that are the run's own."""
        self._supply.forget_claim()
        self._journal.hang_up()
        for books in self._books:
            books.close()

    def _patience(self) -> float:
        """Seconds the loop may wait for the relay."""
        if self._away_since is not None:
            return _RETRY_SECONDS
        if self._supply.held_up:
            return _HELD_UP_SECONDS
        if self._supply.composable:
            return 0
        to_write = bool(self._outcomes or self._opened) and len(self._pages) < len(self._books)
        return LULL_SECONDS if to_write and not self._links.lull else self._policy.freshness

    # The ledger

    def _keep_books(self) -> None:
        """Everything that touches the database. While it is away, nothing is claimed and no final dot goes out."""
        if self._away_since is not None and self._policy.clock() < self._retry_at:
            return
        try:
            self._heed()
            self._turn_pages()
            self._journal.turn(may_post=not any(books.direct for books in self._pages))
            self._supply.renew()
            self._refill()
        except (OperationalError, InterfaceError) as error:
            self._database_away(error)
        else:
            self._away_since = None

    def _refill(self) -> None:
        if self._policy.clock() - self._started_at >= self._policy.seconds or self._halted or stopping.asked():
            self._supply.stop()
        # A claim that is under way is waited for, also when the run is to end: what it took has to be given back.
        self._outcomes += self._supply.refill(self._now)
        self._supply.read_ahead(self._now)
        if self._supply.composable and (not self._links.busy or self._supply.starving):
            self._outcomes += self._supply.compose(self._now, _PORTION)

    def _heed(self) -> None:
        """Open and close the breakers that answers ask for, and obey those that others have opened."""
        fresh = self._policy.clock() - self._heeded_at < self._policy.freshness
        if not self._judge.act(self._now) and fresh:
            return
        self._heeded_at = self._policy.clock()
        standing = self._judge.standing = brakes.standing(self._now)
        self._counts["queued"] += len(self._supply.heed(standing))
        if standing.everything:
            self._halt(standing.everything)

    def _bar(self) -> None:
        """Withdraw what must not be sent any more, even from a connection that carries its body already."""
        self._outcomes += self._supply.recheck(self._now)
        for link, held in self._opened:
            if held.delivery.id not in self._supply.held:
                link.drop("a message was withdrawn before its final dot")
            elif why := self._judge.unwelcome(held.delivery.domain):
                link.drop(why)

    def _turn_pages(self) -> None:
        """Finish the rounds that are committed, and begin one if there is something to write and a book to write it in."""
        for books, page in list(self._pages.items()):
            committed = books.finished()
            if committed is not None:
                del self._pages[books]
                self._committed(page, committed)
        free = next((books for books in self._books if books not in self._pages), None)
        if free is None or not self._worth_a_round():
            return
        self._bar()
        self._opened = [(link, held) for link, held in self._opened if not link.closed]
        # What comes next on a connection begins with the outcome of what went before or after it, never ahead of it: two
        # rounds may be committed in either order, and a crash between them would leave two messages of one connection in doubt.
        told = set().union(*(page.told for page in self._pages.values()))
        opened = [(link, held) for link, held in self._opened if link not in told]
        if not self._outcomes and not opened:
            return
        page = _Page(self._outcomes, self._told, opened, self._supply.checked_at, self._supply.leased_until)
        written = Page(page.outcomes, [held.delivery for _, held in page.opened], self._now)
        if self._journal.posting and not self._journal.takes(written):
            return
        self._opened = [(link, held) for link, held in self._opened if link in told]
        self._outcomes, self._told, self._passes = [], set(), 0
        self._pages[free] = page
        free.begin(written, self._policy.lease)

    def _worth_a_round(self) -> bool:
        """Whether to write now: when half of the connections wait for it, or nothing else happens, or it has waited long."""
        self._passes += 1
        return self._links.lull or 2 * len(self._opened) >= len(self._links.all) or self._passes >= _MOST_PASSES

    def _committed(self, page: _Page, committed: Round) -> None:
        """What is recorded is counted; what is `sending` gets its final dot, while the lease still runs."""
        for outcome in page.outcomes:
            # After a commit whose fate was unknown, what is not recorded now was recorded then.
            known = outcome.delivery in committed.recorded or self._repeated
            self._counts[outcome.state if known else "superseded"] += 1
        self._repeated = False
        try:
            if self._counts["accepted"]:
                self._judge.suppress(self._now)
            if page.opened and self._policy.clock() - page.checked_at >= 2 * self._policy.freshness:
                # The commit took its time, and the reader may have left meanwhile.
                page.checked_at = self._policy.clock()
                self._outcomes += self._supply.withdraw([held for _, held in page.opened], self._now)
        except (OperationalError, InterfaceError):
            # No dot without an answer: they wait for another round.
            self._opened = page.opened + self._opened
            raise
        for link, held in page.opened:
            pk = held.delivery.id
            if link.closed:
                continue
            if pk not in committed.begun:
                self._counts["superseded"] += 1
                self._supply.settle(pk)
                link.drop("someone else has taken the delivery over")
            elif pk not in self._supply.held:
                link.drop("a message was withdrawn before its final dot")
            elif why := self._judge.unwelcome(held.delivery.domain) or self._overdue(page):
                link.drop(why)
                self._break_off(pk, Stage.BODY, why)
            elif self._policy.clock() - page.checked_at > max(_STALE_SECONDS, 2 * self._policy.freshness):
                # The machine slept between the answer and the dot: another round asks anew.
                self._opened.append((link, held))
            else:
                self._seal(link, held)

    def _overdue(self, page: _Page) -> str:
        return "the lease ran out before the final dot" if self._policy.clock() >= page.lease_ends else ""

    def _database_away(self, error: Exception) -> None:
        """Keep what is known and try again; raises `error` once patience has run out."""
        now = self._policy.clock()
        connection.close()
        self._hang_up()
        for page in self._pages.values():
            self._told |= page.told
            self._outcomes = page.outcomes + self._outcomes
            self._opened = page.opened + self._opened
            self._repeated = True
        self._pages = {}
        if self._away_since is None:
            self._away_since = now
            log.warning("The database is away; deliveries wait for it: %s", error)
        if now - self._away_since >= self._policy.patience or stopping.lasted() >= stopping.LAST_SECONDS:
            raise error
        self._retry_at = now + _RETRY_SECONDS

    # The relay

    def _hand_out(self) -> None:
        """Offer a letter on every connection that is free, and dial more while there is work for them."""
        if self._away_since is not None:
            return
        for link in self._links.all:
            if link.session.free and self._may_offer() and (held := self._next_for(link)) and held.letter:
                self._react(link, link.offer(held.letter))
        if not self._halted and self._supply.waiting and not self._links.complete:
            busy = sum(1 for link in self._links.all if not link.session.free)
            for link, events in self._links.dial(busy + self._supply.waiting):
                self._react(link, events)
        self._links.forget_closed()

    def _hurry(self) -> None:
        """Once asked to stop, wait for no relay longer than a deployment waits for us."""
        if (lasted := stopping.lasted()) < stopping.HURRY_SECONDS:
            return
        for link in self._links.all:
            if not link.closed and not link.session.idle and (lasted >= stopping.LAST_SECONDS or not link.session.uncertain):
                self._react(link, link.drop("this worker was asked to stop, and the relay had not answered"))

    def _may_offer(self) -> bool:
        """Whether another message may be tried while others are on the way."""
        return not self._judge.wary or not any(link.session.ready and not link.session.idle for link in self._links.all)

    def _next_for(self, link: Connection) -> Held | None:
        """The next letter that this connection can carry."""
        while (held := self._supply.next()) is not None and held.letter is not None:
            unsuited = link.session.unsuited(held.letter)
            if not unsuited:
                return held
            self._supply.settle(held.delivery.id)
            self._outcomes.append(outcomes.unsendable(held.delivery, unsuited, self._now))
        return None

    def _seal(self, link: Connection, held: Held) -> None:
        held.begun = True
        if held.letter is not None:
            following = self._next_for(link) if link.session.pipelines and self._may_offer() else None
            self._react(link, link.seal(held.letter, following.letter if following else None))

    def _react(self, link: Connection, events: list[Event]) -> None:
        for event in events:
            match event:
                case Ready():
                    log.debug("Connected to %s", self._policy.relay)
                case Opened(letter):
                    held = self._supply.held.get(letter.key)
                    if held is None:
                        link.drop("a message was withdrawn before its final dot")
                    else:
                        self._opened.append((link, held))
                case Answered():
                    self._told.add(link)
                    self._answered(link, event)
                case Broken():
                    self._broken(link, event)

    def _answered(self, link: Connection, event: Answered) -> None:
        held = self._supply.settle(event.letter.key)
        if held is None:
            return
        size = len(event.letter.content)
        outcome = outcomes.answered(held.delivery, size, event.stage, event.reply, self._now, self._chance)
        self._outcomes.append(outcome)
        if outcome.state is Delivery.State.ACCEPTED:
            self._breaks = 0
            self._useful.add(link)
        if why := self._judge.hear(held.delivery.domain, event, outcome):
            self._halt(why)

    def _broken(self, link: Connection, event: Broken) -> None:
        for letter, stage in event.letters:
            self._break_off(letter.key, stage, event.why)
        # Many relays take some messages over one connection and then say 421; that is their way, and no failure.
        if not (link in self._useful and event.reply is not None and event.reply.code == 421):
            self._breaks += 1
        self._useful.discard(link)
        alone = not any(link.session.ready for link in self._links.all)
        if alone and event.refused:
            self._judge.turn_away(event.why)
            self._halt(event.why)
        elif (alone and not event.established) or self._breaks >= _BREAKS_IN_A_ROW:
            self._halt(event.why)
        elif not event.established:
            self._links.want_fewer()

    def _break_off(self, delivery: int, stage: Stage, why: str) -> None:
        held = self._supply.settle(delivery)
        if held is None or held.letter is None:
            return
        size = len(held.letter.content)
        self._outcomes.append(outcomes.broken(held.delivery, size, stage, why, self._now, self._chance, self._policy.settle))

    def _halt(self, why: str) -> None:
        """End the run: what is on the way is finished, the rest is given back."""
        if not self._halted:
            self._halted = why
            log.warning("Sending stops for now: %s", why)
        self._supply.stop()
