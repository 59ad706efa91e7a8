"""The look of messages and pages: a name set as text, colours for light and dark, a line at the foot."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as #rrggbb; every ink on `paper` has a contrast of 4.5:1 or more."""

    paper: str
    ink: str
    quiet: str
    rule: str
    accent: str
    warning: str


@dataclass(frozen=True, slots=True)
class Theme:
    """`wordmark` stands in the masthead; `footer` is a line of the operator's own above the postal address, or empty."""

    wordmark: str
    footer: str
    light: Palette
    dark: Palette


LIGHT = Palette("#fbfaf6", "#1b1b18", "#6a675f", "#dcd8cc", "#0f5c4a", "#a33b20")
DARK = Palette("#161613", "#eceae2", "#a3a096", "#34332d", "#6fc7ac", "#e58a6b")


def default(name: str) -> Theme:
    """Paper Round's own look under the site's name."""
    return Theme(wordmark=name, footer="", light=LIGHT, dark=DARK)
