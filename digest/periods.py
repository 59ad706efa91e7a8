"""Days, weeks and months of announcements: `2026-03-13`, `2026-W11`, `2026-03`. Days are UTC's, weeks are ISO 8601's."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["day", "week", "month"]
_SLUG = re.compile(r"(?P<year>\d{4})-(?:W(?P<week>\d{2})|(?P<month>\d{2})(?:-(?P<day>\d{2}))?)", re.ASCII)
_YEARS = range(1900, 2200)
PATTERN = r"\d{4}-(?:W\d{2}|\d{2}(?:-\d{2})?)"
"""What a slug looks like; not everything that looks so is in the calendar."""


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included."""

    kind: Kind
    first: dt.date
    last: dt.date

    @property
    def slug(self) -> str:
        """As it stands in an address."""
        if self.kind == "week":
            year, week, _ = self.first.isocalendar()
            return f"{year:04d}-W{week:02d}"
        return f"{self.first:%Y-%m-%d}" if self.kind == "day" else f"{self.first:%Y-%m}"

    @property
    def name(self) -> str:
        """In words: `Friday 13 March 2026`, `9 to 15 March 2026`, `March 2026`."""
        if self.kind == "month":
            return f"{self.first:%B %Y}"
        if self.kind == "day":
            return f"{self.first:%A} {self.first.day} {self.first:%B %Y}"
        start = f"{self.first.day}"
        if self.first.month != self.last.month:
            start += f" {self.first:%B}"
        if self.first.year != self.last.year:
            start += f" {self.first.year}"
        return f"{start} to {self.last.day} {self.last:%B %Y}"

    @property
    def start(self) -> dt.datetime:
        """The first instant."""
        return dt.datetime.combine(self.first, dt.time(), dt.UTC)

    @property
    def end(self) -> dt.datetime:
        """The first instant after it."""
        return dt.datetime.combine(self.last, dt.time(), dt.UTC) + dt.timedelta(days=1)


def of(kind: Kind, day: dt.date) -> Period:
    """The day, week or month in which `day` lies; OverflowError within a week of where Python's calendar ends."""
    if kind == "day":
        return Period("day", day, day)
    if kind == "week":
        first = day - dt.timedelta(days=day.weekday())
        return Period("week", first, first + dt.timedelta(days=6))
    return Period("month", day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def parse(slug: str) -> Period | None:
    """The period of a slug; None for one that is not in the calendar, such as 2026-02-30 or 2026-W54, or not of our age."""
    match = _SLUG.fullmatch(slug)
    if match is None or (year := int(match["year"])) not in _YEARS:
        return None
    try:
        if match["week"]:
            return of("week", dt.date.fromisocalendar(year, int(match["week"]), 1))
        if match["day"]:
            return of("day", dt.date(year, int(match["month"]), int(match["day"])))
        return of("month", dt.date(year, int(match["month"]), 1))
    except ValueError:
        return None
