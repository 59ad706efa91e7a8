"""RSS's skipDays and skipHours: when a feed asks not to be fetched (https://www.rssboard.org/skip-hours-days)."""

from collections.abc import Iterable

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def days(names: Iterable[str | None]) -> tuple[int, ...]:
    """Weekdays, 0 for Monday; a feed that skips all of them means none."""
    found = {_DAYS.index(name.strip().lower()) for name in names if name and name.strip().lower() in _DAYS}
    return tuple(sorted(found)) if len(found) < len(_DAYS) else ()


def hours(numbers: Iterable[str | None]) -> tuple[int, ...]:
    """Hours of the day (UTC), 24 being 0; a feed that skips all of them means none."""
    found = {int(number) % 24 for number in numbers if number and number.strip().isdecimal() and int(number) <= 24}
    return tuple(sorted(found)) if len(found) < 24 else ()
