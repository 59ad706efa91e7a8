"""The last months as charts: series by day, as `digest.counts` keeps them. No row of the large tables is read here."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from digest import counts
from digest.dashboard.today import DAYS, last_days
from digest.models import Bounce, Delivery, Source
from subscriptions.models import Topic

LINES = 6
"""More lines than that nobody can tell apart; the table has them all."""
TOPICS = 25
"""So many topics have a column in the table."""
WEEK = 7

Unit = Literal["", "%", "s"]
Number = float | int | None
_Counted = Mapping[str, Mapping[str, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Series:
    """One line: a number for each day, None where there is nothing to say. `key` names it to whoever links to its rows."""

    key: str
    label: str
    values: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the same days, in one unit; the first line is the one that matters. `note` says what is counted."""

    key: str
    title: str
    note: str
    unit: Unit
    series: tuple[Series, ...]


def trends(now: dt.datetime, number: int = DAYS) -> tuple[tuple[dt.date, ...], tuple[Chart, ...]]:
    """The days, oldest first, and every chart over them; charts without a number are left out by nobody but the page."""
    days = last_days(now, number)
    known = counts.several(counts.KINDS, days)
    return days, (*_people(known, number), *_sending(known, number), _papers(known), _topics(known, number))


def _people(known: _Counted, number: int) -> tuple[Chart, ...]:
    confirmed = _share(_sum(known["confirmed"]), _sum(known["signed-up"]), number)
    reasons = tuple(Series(key, key, tuple(each)) for key, each in known["left-because"].items())
    return (
        Chart("subscribers", "Subscribers", "At the end of each day.", "", _named(known["standing"], _STANDING)),
        Chart("arrivals", "Came and went", "People each day.", "", _arrivals(known)),
        Chart(
            "confirmed",
            "Share that confirmed",
            "Of who signed up, over seven days.",
            "%",
            (Series("", "confirmed", confirmed),),
        ),
        Chart("reasons", "Why digests ended", "Each day.", "", reasons),
    )


def _sending(known: _Counted, number: int) -> tuple[Chart, ...]:
    complained = _share(known["bounces"].get("complaint", ()), _sum(known["domain-accepted"]), number)
    verdicts = _named(known["bounces"], dict(Bounce.Verdict.choices))
    foremost = "Each day; the domains with most."
    return (
        Chart(
            "deliveries",
            "Deliveries by state",
            "Made each day, by their state now.",
            "",
            _named(known["deliveries"], _states()),
        ),
        Chart("domains", "Accepted, by receiving domain", foremost, "", _domains(known["domain-accepted"])),
        Chart("refusing", "Failed, by receiving domain", foremost, "", _domains(known["domain-failed"])),
        Chart("latency", "From due to accepted", "Issues accepted each day.", "s", _latency(known["latency"], number)),
        Chart("bounces", "Bounces", "Reports each day, by what they led to.", "", verdicts),
        Chart(
            "complaints",
            "Share that complained",
            "Of the messages accepted, over seven days. Receivers act from 0.1 % on.",
            "%",
            (Series("complaint", "complained", complained),),
        ),
    )


def _papers(known: _Counted) -> Chart:
    names = {str(pk): name for pk, name in Source.objects.values_list("pk", "name")}
    return Chart("papers", "New papers", "Each day, by source.", "", _named(known["papers"], names))


def _topics(known: _Counted, number: int) -> Chart:
    """Of who read at a day's end, the share that asked for each topic; None on days when topics were not counted. The last
    day that was decides which come first.
    """
    names = {str(pk): name for pk, name in Topic.objects.values_list("pk", "name")}
    reading = known["standing"].get("reading", [0] * number)
    asked = {key: each for key, each in known["topic-readers"].items() if key in names}
    counted = {at for at in range(number) if reading[at] and any(each[at] for each in asked.values())}

    def share(key: str, at: int) -> float:
        return round(100 * asked[key][at] / reading[at], 3)

    latest = max(counted, default=0)
    foremost = sorted(asked, key=lambda key: (-asked[key][latest], names[key]))[:TOPICS]
    series = tuple(
        Series(key, names[key], tuple(share(key, at) if at in counted else None for at in range(number))) for key in foremost
    )
    return Chart("topics", "What readers ask for", "Share of who reads, by topic.", "%", series)


def _latency(found: Mapping[str, Sequence[int]], number: int) -> tuple[Series, ...]:
    named = (("p95", "for 19 of 20"), ("p50", "for half"), ("p99", "for 99 of 100"))
    none = [0] * number
    return tuple(
        Series(key, words, tuple(each / 1000 if each else None for each in found.get(key, none))) for key, words in named
    )


_STANDING = {"reading": "reading", "waiting": "waiting", "left": "left"}


def _states() -> dict[str, str]:
    return {state.value: "accepted" if state == Delivery.State.ACCEPTED else str(state.label) for state in Delivery.State}


def _named(found: Mapping[str, Sequence[int]], names: Mapping[str, str]) -> tuple[Series, ...]:
    return tuple(Series(key, names[key], tuple(each)) for key, each in found.items() if key in names)


def _domains(found: Mapping[str, Sequence[int]]) -> tuple[Series, ...]:
    return tuple(Series(key, key or "all others", tuple(each)) for key, each in found.items())


def _arrivals(known: _Counted) -> tuple[Series, ...]:
    kinds = (("confirmed", "confirmed"), ("signed-up", "signed up"), ("left", "left"), ("erased", "erased"))
    return tuple(Series(kind, words, tuple(known[kind][""])) for kind, words in kinds if "" in known[kind])


def _sum(keys: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    return tuple(sum(each) for each in zip(*keys.values(), strict=True))


def _share(part: Sequence[int], whole: Sequence[int], number: int) -> tuple[Number, ...]:
    """Percent over seven days, day by day; None where there was nothing to have a share of."""

    def week(numbers: Sequence[int], day: int) -> int:
        return sum(numbers[max(day - WEEK + 1, 0) : day + 1])

    return tuple(round(100 * week(part, day) / below, 3) if (below := week(whole, day)) else None for day in range(number))
