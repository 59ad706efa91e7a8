"""What stops the sender: an operator, or breakers that open when a receiving domain, or the relay itself, refuses us.

A breaker that has waited lets one message try: if that is accepted it closes, if not it opens again for twice as long.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from digest.models import Brake
from digest.smtp import Fault

EVERYTHING = ""
_FIRST_WAIT = {True: dt.timedelta(minutes=1), False: dt.timedelta(minutes=5)}
_LONGEST_WAIT = {True: dt.timedelta(hours=1), False: dt.timedelta(hours=4)}
# A refusal that blames the sender says little once and much five times in a row; a busy server may be busy for longer.
_IN_A_ROW = {Fault.SENDER: 5, Fault.TIME: 20}
_DOMAINS = 3
_BLAMES = 10
_DOMAINS_WITHIN = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Standing:
    """`everything`: why nothing may be sent, "" when something may. `issues`: why notices alone may. `trying`: one message
    alone may, to see whether the relay takes it. `closed` domains get nothing; `probing` ones get one message.
    """

    everything: str = ""
    issues: str = ""
    trying: bool = False
    closed: frozenset[str] = frozenset()
    probing: frozenset[str] = frozenset()


def wait(openings: int, *, everything: bool) -> dt.timedelta:
    """How long a breaker stays open the n-th time in a row (from 1): doubling, at most 1 h for everything, 4 h for a domain."""
    return min(_LONGEST_WAIT[everything], _FIRST_WAIT[everything] * (1 << min(max(openings, 1) - 1, 16)))


class Streaks:
    """Refusals in a row, by receiving domain and altogether; an acceptance ends the row."""

    def __init__(self) -> None:
        self._refusals: Counter[tuple[str, Fault]] = Counter()
        # Refusals that blamed the sender since anybody accepted a message, and who refused.
        self.blames = 0
        self._blaming: set[str] = set()

    @property
    def everywhere(self) -> bool:
        """Whether so many domains blame the sender that the fault is surely ours."""
        return self.blames >= _BLAMES and len(self._blaming) >= _DOMAINS

    def saw(self, domain: str, fault: Fault | None) -> bool:
        """Take note of an answer (None: accepted); whether the domain's breaker should open now."""
        if fault is None and self.blames:
            self.blames = 0
            self._blaming.clear()
        elif fault is Fault.SENDER:
            self.blames += 1
            self._blaming.add(domain)
        if fault not in _IN_A_ROW:
            for kind in _IN_A_ROW:
                self._refusals.pop((domain, kind), None)
            return False
        self._refusals[domain, fault] += 1
        return self._refusals[domain, fault] >= _IN_A_ROW[fault]


def standing(now: dt.datetime) -> Standing:
    """What stands still at `now`."""
    everything, issues, trying = "", "", False
    closed: set[str] = set()
    probing: set[str] = set()
    for brake in Brake.objects.standing():
        waited = brake.until is not None and brake.until <= now
        if brake.domain != EVERYTHING:
            (probing if waited else closed).add(brake.domain)
        elif waited:
            trying = True
        elif brake.kind == Brake.Kind.PREFLIGHT:
            issues = f"{brake.get_kind_display()}: {brake.why}"
        else:
            everything = everything or f"{brake.get_kind_display()}: {brake.why}"
    return Standing(everything, issues, trying, frozenset(closed), frozenset(probing - closed))


def open_breaker(domain: str, why: str, now: dt.datetime) -> None:
    """Let nothing more go to the domain, or to anyone for EVERYTHING; three domains within ten minutes stop everything."""
    with transaction.atomic():
        found = Brake.objects.standing().select_for_update().filter(kind=Brake.Kind.BREAKER, domain=domain).first()
        if found is not None:
            if found.until is None or found.until > now:
                return
            found.openings += 1
            found.why, found.until = why[:500], now + wait(found.openings, everything=domain == EVERYTHING)
            found.save(update_fields=["openings", "why", "until"])
            return
    try:
        with transaction.atomic():
            until = now + wait(1, everything=domain == EVERYTHING)
            Brake.objects.create(kind=Brake.Kind.BREAKER, domain=domain, why=why[:500], since=now, until=until)
    except IntegrityError:
        return  # Another worker has just opened it.
    recent = (
        Brake.objects.standing().filter(kind=Brake.Kind.BREAKER, since__gt=now - _DOMAINS_WITHIN).exclude(domain=EVERYTHING)
    )
    if domain != EVERYTHING and recent.count() >= _DOMAINS:
        domains = ", ".join(recent.order_by("domain").values_list("domain", flat=True)[:5])
        open_breaker(EVERYTHING, f"{_DOMAINS} receiving domains refuse us: {domains}", now)


def close_breaker(domain: str, now: dt.datetime) -> None:
    """The domain takes messages again."""
    Brake.objects.standing().filter(kind=Brake.Kind.BREAKER, domain=domain).update(lifted_at=now)


def pause(why: str, by: str, now: dt.datetime, kind: Brake.Kind = Brake.Kind.OPERATOR) -> Brake:
    """Stop all sending within two seconds, until `resume`; a brake of this kind that stands already is returned as it is."""
    brake, _ = Brake.objects.get_or_create(
        kind=kind, domain=EVERYTHING, lifted_at=None, defaults={"why": why[:500], "set_by": by[:150], "since": now}
    )
    return brake


def lift(kind: Brake.Kind, by: str, now: dt.datetime) -> int:
    """Lift the brakes of one kind; returns how many stood."""
    return Brake.objects.standing().filter(kind=kind).update(lifted_at=now, lifted_by=by[:150])


def resume(by: str, now: dt.datetime) -> int:
    """Lift every brake, breakers included; returns how many stood."""
    return Brake.objects.standing().update(lifted_at=now, lifted_by=by[:150])
