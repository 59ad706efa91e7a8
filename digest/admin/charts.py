"""Geometry of the dashboard's charts: numbers to coordinates. The SVG itself is in `templates/admin_site/admin/index.html`.

Lines are drawn in a viewBox of 1000 by the chart's height that stretches to the page, so that one drawing serves a phone and a
wide screen; what is written beside them is not stretched.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000
LABEL_GAP = 20.0
PADDING = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """One series: `points` for a polyline, and where its label stands without touching the others."""

    name: str
    look: str
    points: str
    last: int
    label_y: float
    href: str

    @property
    def words(self) -> str:
        """The last value as people write it."""
        return f"{self.last:,}"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in a strip; `y` from the top."""

    x: float
    y: float
    height: float


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart within [low, high], in the order of `wanted` and near it.

    When they cannot all fit they are as far apart as the room allows.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    step = min(gap, (high - low) / max(len(order) - 1, 1))
    placed = list(wanted)
    floor = low
    for index in order:
        placed[index] = floor = max(placed[index], floor)
        floor += step
    ceiling = high
    for index in reversed(order):
        placed[index] = ceiling = min(placed[index], ceiling)
        ceiling -= step
    return placed


def lines(series: Sequence[tuple[str, str, Sequence[int], str]], height: int) -> list[Line]:
    """Lines for series of (name, look, values, href) over a common scale from 0; `look` is the CSS class."""
    top = max((value for _, _, values, _ in series for value in values), default=0) or 1

    def y(value: int) -> float:
        return round(PADDING + (height - 2 * PADDING) * (1 - value / top), 1)

    labels = spread([y(values[-1]) for _, _, values, _ in series], LABEL_GAP, PADDING, height - PADDING)
    return [
        Line(
            name,
            look,
            " ".join(f"{round(WIDTH * at / max(len(values) - 1, 1), 1)},{y(value)}" for at, value in enumerate(values)),
            values[-1],
            round(label_y, 1),
            href,
        )
        for (name, look, values, href), label_y in zip(series, labels, strict=True)
    ]


def strip(values: Sequence[int], height: int, top: int) -> list[Bar]:
    """A bar for each value, ten units apart and six wide; `top` is the value that fills the height. None is drawn for 0."""
    return [
        Bar(10 * at + 2, round(height - tall, 1), round(tall, 1))
        for at, value in enumerate(values)
        if value and (tall := max(height * value / max(top, 1), 1.0))
    ]
