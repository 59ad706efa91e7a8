"""What the relay's answers say about ourselves: when to be wary, and which breakers to open or to close."""

import datetime as dt
from dataclasses import dataclass, replace

from digest.delivery import brakes, outcomes
from digest.delivery.brakes import Standing
from digest.delivery.outcomes import Outcome
from digest.models import Delivery
from digest.smtp import Answered, Fault, Stage
from digest.smtp.letters import SERIALS
from subscriptions import suppression
from subscriptions.models import Suppression

_REFUSALS_IN_A_ROW = 3
_UNKNOWN_IN_A_ROW = 10
_TOO_MANY_AT_THE_END = 3
# After so many refusals in a row that may be our own fault, one message at a time is enough to find out.
_ENOUGH_TO_BE_WARY = 2


@dataclass(frozen=True, slots=True)
class _Unknown:
    """An address that the relay does not know, and its words. Letters of a serial above `before` were made after them;
    `followed`: the relay has accepted some other since.
    """

    recipient: str
    reply: str
    before: int
    followed: bool = False


class Judge:
    """Hears every answer of one run.

    `standing`: the brakes as last read. `turned_away`: why nothing more may be tried, "" when it may.
    """

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.turned_away = ""
        self._streaks = brakes.Streaks()
        self._breakers: dict[str, str] = {}
        self._closing: set[str] = set()
        self._unknown: list[_Unknown] = []
        self._certain: list[_Unknown] = []
        self._accepted = False
        self._unknown_in_a_row = self._refusals = 0

    @property
    def wary(self) -> bool:
        """Whether one message at a time is enough for now."""
        return self._refusals + self._unknown_in_a_row + self._streaks.blames >= _ENOUGH_TO_BE_WARY

    @property
    def undecided(self) -> bool:
        """Whether there is something for `act` to do."""
        return bool(self._breakers or self._closing)

    def unwelcome(self, domain: str) -> str:
        """Why a message must not be handed over any more, even with its body at the relay; "" when it may."""
        if domain in self.standing.closed:
            return "the receiving domain takes nothing now"
        return self.turned_away

    def hear(self, domain: str, event: Answered, outcome: Outcome) -> str:
        """Take note of an answer; returns why nothing more may be tried, "" when it may."""
        why = ""
        if outcome.state is Delivery.State.ACCEPTED:
            self._accepted = True
            self._refusals = self._unknown_in_a_row = 0
            if self._unknown:
                self._believe(event.letter.serial)
            self._streaks.saw(domain, None)
            if domain in self.standing.probing:
                self._closing.add(domain)
            if self.standing.trying:
                self._closing.add(brakes.EVERYTHING)
        elif event.stage is Stage.MAIL and event.reply.code == outcomes.CLOSING and self._accepted:
            # Relays that take so many messages over a connection end it in this way, and ten reach that number at once. One
            # that closes down altogether turns the next connection away.
            return ""
        elif event.stage is Stage.MAIL:
            self._refusals += 1
            if self._refusals >= _REFUSALS_IN_A_ROW or self.standing.trying:
                why = f"the relay refuses MAIL: {event.reply}"
        elif outcome.fault is Fault.ADDRESS:
            self._unknown.append(_Unknown(event.letter.recipient, str(event.reply), next(SERIALS)))
            self._unknown_in_a_row += 1
            if self._unknown_in_a_row >= _UNKNOWN_IN_A_ROW:
                why = f"the relay knows no recipient at all: {event.reply}"
        elif self._streaks.saw(domain, outcome.fault) or domain in self.standing.probing:
            self._breakers[domain] = str(event.reply)
        if self._streaks.everywhere:
            why = f"whoever is asked refuses us: {event.reply}"
        if why:
            self.turn_away(why)
        return why

    def turn_away(self, why: str) -> None:
        """Nothing more is tried until the breaker for everything lets one message try again."""
        self._breakers[brakes.EVERYTHING] = self.turned_away = why

    def act(self, now: dt.datetime) -> bool:
        """Open and close the breakers that answers ask for; returns whether there were any."""
        for domain, why in self._breakers.items():
            brakes.open_breaker(domain, why, now)
        for domain in self._closing:
            brakes.close_breaker(domain, now)
        acted = self.undecided
        self._breakers, self._closing = {}, set()
        return acted

    def suppress(self, now: dt.datetime) -> None:
        """Never again mail the addresses that certainly do not exist."""
        for each in self._certain:
            suppression.suppress(each.recipient, Suppression.Reason.HARD_BOUNCE, each.reply, now)
        self._certain = []

    def conclude(self, now: dt.datetime) -> None:
        """The run is over: believe the relay also where it accepted something later that may have been on its way before.

        Not if it ended by knowing nobody: ten in a row stop a run, and a few at its end say too little.
        """
        if not self.turned_away and self._unknown_in_a_row < _TOO_MANY_AT_THE_END:
            self._certain += [each for each in self._unknown if each.followed]
        self._unknown = []
        self.suppress(now)

    def _believe(self, serial: int) -> None:
        """The relay has accepted the letter of this serial.

        A relay that has lost its list of recipients knows nobody, and what it accepts a moment later it had looked up before;
        one that accepts what was made only later has its list.
        """
        self._certain += [each for each in self._unknown if each.before < serial]
        self._unknown = [replace(each, followed=True) for each in self._unknown if each.before >= serial]
