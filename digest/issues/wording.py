"""The sentences of an issue that are about its reader: subject, dateline, receipt and the like. Pure."""

import datetime as dt
import functools
import re
from collections.abc import Sequence

from digest.issues.contents import Choice, Contents, PaperText
from digest.issues.names import clipped, listed

_ONE_NAME_ROOM = 90
_LINE_ROOM = 160
# Three names of this many characters together fit into a line with what stands between them.
NAMES_ROOM = _LINE_ROOM - len("Also , and ")
_REASON_ROOM = 200
_COUNT = re.compile(r" \(\d+ terms?\)$")
_VOTED = {"more": "more", "less": "less", "save": "saved", "mute": "never again"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@functools.lru_cache(maxsize=2_000)
def day(instant: dt.date) -> str:
    """`Monday 16 March 2026`."""
    return f"{WEEKDAYS[instant.weekday()]} {instant.day} {MONTHS[instant.month - 1]} {instant.year}"


def hour(instant: dt.datetime) -> str:
    """`07:00 (Europe/Paris)`: the zone by its name, since abbreviations mean different things to different people."""
    return f"{instant.hour:02}:{instant.minute:02} ({getattr(instant.tzinfo, 'key', None) or instant.tzname()})"


def _own_first(contents: Contents) -> Sequence[Choice]:
    """Those not shown for want of room count as well, so that a shortened issue keeps its subject."""
    choices = contents.choices + contents.rest
    for each in choices:
        if each.slot == "serendipity":
            outside = [each for each in choices if each.slot == "serendipity"]
            return [*(each for each in choices if each.slot != "serendipity"), *outside]
    return choices


def names(contents: Contents) -> list[str]:
    """What the papers are called, the strongest first and the reader's own before one from outside: the two that the subject
    names, or all of a lone one, and up to three more for the preheader."""
    own = _own_first(contents)
    if len(own) == 1:
        return [clipped(own[0].paper.title, _ONE_NAME_ROOM)]
    return [each.paper.name for each in own[:5]]


def preheader(contents: Contents, below: Sequence[str]) -> str:
    """What an inbox shows after the subject: the papers that the subject does not name."""
    return clipped(also(below) if below else receipt(contents), _LINE_ROOM)


def also(names: Sequence[str]) -> str:
    """`Also a, b and c`: no full stop, for the last name may end with an ellipsis."""
    return f"Also {listed(names)}"


def count(contents: Contents) -> str:
    """`no. 12`."""
    return f"no. {contents.number}" if contents.number is not None else "a sample"


def for_topics(topics: Sequence[str]) -> str:
    """`for your topics robot learning and Koopman operators`, or empty without any."""
    if not topics:
        return ""
    shown = topics if len(topics) <= 6 else (*topics[:5], f"{len(topics) - 5} more")
    return f"for your {'topic' if len(topics) == 1 else 'topics'} {clipped(listed(shown), _LINE_ROOM)}"


def receipt(contents: Contents) -> str:
    """What was looked at and what became of it, in numbers."""
    return f"{contents.considered}{outcome(contents)}"


def outcome(contents: Contents) -> str:
    """The receipt after the number of papers that were looked at: the same for many readers."""
    in_topics = contents.topics != () and not contents.trending_only
    return _outcome(in_topics, len(contents.choices) + len(contents.rest), len(contents.near), contents.missing_days)


@functools.lru_cache(maxsize=2_000)
def _outcome(in_topics: bool, shown: int, near: int, missing_days: int) -> str:
    scope = " in your topics" if in_topics else ""
    missed = f", {near} near {'miss' if near == 1 else 'misses'}" if near else ""
    days = f"{missing_days} source {'day' if missing_days == 1 else 'days'} missing"
    return f" new{scope}, {shown} shown{missed}, {days}."


def next_issue(contents: Contents) -> str:
    """`Your next issue: Monday 23 March 2026, 07:00 (Europe/Paris).`, or empty when none follows."""
    return _next_at(contents.next_at, contents.next_at.tzinfo) if contents.next_at else ""


@functools.lru_cache(maxsize=2_000)
def _next_at(instant: dt.datetime, _zone: dt.tzinfo | None) -> str:
    # The same instant in another zone is equal, and is read differently.
    return f"Your next issue: {day(instant.date())}, {hour(instant)}."


def away(contents: Contents) -> str:
    """`since Monday 2 March 2026`, in the issue after a pause; else empty."""
    return f"since {day(contents.away_since)}" if contents.away_since else ""


def reason(reasons: Sequence[str]) -> str:
    """Why the paper is here, as one sentence; empty when the ranking gave no words."""
    text = clipped("; ".join(reasons), _REASON_ROOM)
    return text[:1].upper() + text[1:]


def stops(choices: Sequence[Choice]) -> dict[int, str]:
    """What brought the papers and can be stopped: a sentence for each interest, in the order of the papers."""
    found: dict[int, str] = {}
    for each in choices:
        if each.interest and each.interest not in found:
            found[each.interest] = stop(each.reasons)
    return found


@functools.lru_cache(maxsize=20_000)
def stop(reasons: tuple[str, ...]) -> str:
    """The first reason, without how often its words were found: `Matches “koopman operator”`."""
    text = clipped(_COUNT.sub("", reasons[0]), _LINE_ROOM) if reasons else "What you asked for"
    return text[:1].upper() + text[1:]


def learned(contents: Contents) -> str:
    """`Your votes since the last issue shaped this one: 2 more, 1 less and 3 saved.`, or empty without votes."""
    counts = dict(contents.learned)
    parts = [f"{counts[vote]} {word}" for vote, word in _VOTED.items() if counts.get(vote)]
    return f"Your votes since the last issue shaped this one: {listed(parts)}." if parts else ""


def near_miss(paper: PaperText) -> str:
    """A title short enough for one line or two."""
    return clipped(paper.title, 120)
