"""The look of messages and pages: a name set as text, colours for light and dark, a line at the foot.

An operator changes it in a TOML file that the setting THEME names, and only what is to differ:

    wordmark = "The Koopman Gazette"
    footer = "Set and sent by the department's library."
    [light]
    accent = "#7a1f2b"
"""

import re
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from digest.messages import inert

_COLOUR = re.compile(r"#[0-9a-f]{6}")
# WCAG 2.2, success criterion 1.4.3.
_LEAST_CONTRAST = 4.5
_INKS = ("ink", "quiet", "accent", "warning")
_EXAMPLE = 'for example wordmark = "The Koopman Gazette", or [light] and below it accent = "#7a1f2b"'


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
    return Theme(wordmark=inert.line(name), footer="", light=LIGHT, dark=DARK)


def _luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2, definition)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _palette(known: Palette, wanted: Any, where: str) -> Palette:
    names = {each.name for each in fields(Palette)}
    if not isinstance(wanted, dict) or not set(wanted) <= names:
        raise ImproperlyConfigured(f"{where} is {wanted!r}. It takes colours named {', '.join(sorted(names))}; {_EXAMPLE}")
    for name, colour in wanted.items():
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour.lower()):
            raise ImproperlyConfigured(f"{where}: {name} is {colour!r}. It takes a colour as #rrggbb; {_EXAMPLE}")
    palette = replace(known, **{name: colour.lower() for name, colour in wanted.items()})
    for name in _INKS:
        found = contrast(getattr(palette, name), palette.paper)
        if found < _LEAST_CONTRAST:
            raise ImproperlyConfigured(
                f"{where}: {name} {getattr(palette, name)} on paper {palette.paper} has a contrast of {found:.1f}:1, and text "
                f"needs {_LEAST_CONTRAST}:1. Make one of them darker or the other lighter."
            )
    return palette


def load(path: str, name: str) -> Theme:
    """The theme that a file describes, the rest as by default; raises ImproperlyConfigured naming what is wrong in it."""
    where = f"THEME ({path})"
    try:
        wanted = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImproperlyConfigured(f"{where} cannot be read: {error}. It takes a TOML file; {_EXAMPLE}") from error
    if unknown := set(wanted) - {"wordmark", "footer", "light", "dark"}:
        raise ImproperlyConfigured(
            f"{where} says {', '.join(sorted(unknown))}. It takes wordmark, footer, [light] and [dark]; {_EXAMPLE}"
        )
    known = default(name)
    for word in ("wordmark", "footer"):
        if word in wanted and (not isinstance(wanted[word], str) or not inert.is_plain(wanted[word])):
            raise ImproperlyConfigured(f"{where}: {word} is {wanted[word]!r}. It takes one line of text; {_EXAMPLE}")
    return Theme(
        wordmark=wanted.get("wordmark", known.wordmark),
        footer=wanted.get("footer", known.footer),
        light=_palette(known.light, wanted.get("light", {}), f"{where} [light]"),
        dark=_palette(known.dark, wanted.get("dark", {}), f"{where} [dark]"),
    )
