"""What the relay's answers say about ourselves: when to be wary, and which breakers to open or to close."""

import datetime as dt

from digest.delivery import brakes
from digest.delivery.brakes import Standing
from digest.delivery.outcomes import Outcome
from digest.models import Delivery
from digest.smtp import Answered, Fault, Stage
from subscriptions import suppression
from subscriptions.models import Suppression

_REFUSALS_IN_A_ROW = 3
_UNKNOWN_IN_A_ROW = 10
# After so many refusals in a row that may be our own fault, one message at a time is enough to find out.
_ENOUGH_TO_BE_WARY = 2


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
        self._unknown: list[tuple[str, str]] = []
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
            self._refusals = self._unknown_in_a_row = 0
            self._streaks.saw(domain, None)
            if domain in self.standing.probing:
                self._closing.add(domain)
            if self.standing.trying:
                self._closing.add(brakes.EVERYTHING)
        elif event.stage is Stage.MAIL:
            self._refusals += 1
            if self._refusals >= _REFUSALS_IN_A_ROW or self.standing.trying:
                why = f"the relay refuses MAIL: {event.reply}"
        elif outcome.fault is Fault.ADDRESS:
            self._unknown.append((event.letter.recipient, str(event.reply)))
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
        """Never again mail the addresses that do not exist; only once the relay has accepted another, for then it is sane."""
        for recipient, reply in self._unknown:
            suppression.suppress(recipient, Suppression.Reason.HARD_BOUNCE, reply, now)
        self._unknown = []
