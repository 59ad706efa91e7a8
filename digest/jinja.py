"""The Jinja2 environment of pages and messages.

Names end in .html.jinja, .xml.jinja or .txt.jinja; everything that is not plain text autoescapes, and a missing variable is an
error rather than an empty space.
"""

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from digest import text
from digest.messages import theme, typeset
from subscriptions.forms import topic_words


def _autoescape(name: str | None) -> bool:
    return name is None or not name.endswith(".txt.jinja")


def _day(at: dt.date) -> str:
    """`13 March 2026`; of an instant, its day in UTC."""
    day = at.astimezone(dt.UTC) if isinstance(at, dt.datetime) else at
    return f"{day.day} {day:%B %Y}"


def _rfc3339(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _lang(said: str) -> Markup:
    """` lang="zh"` for text in a script that tells its language; nothing where it is the page's own, as far as one can see."""
    language = text.language(said)
    return Markup(f' lang="{language}"' if language else "")  # noqa: S704 - a tag from a list of ours


def _label(said: str) -> str:
    """Text for an attribute: serialisers leave < and > there as they are, and careless readers of HTML would see a tag."""
    return said.translate({ord("<"): "‹", ord(">"): "›"})


def _host(address: str) -> str:
    """`github.com` of https://www.github.com/someone/something."""
    return (urlsplit(address).hostname or "").removeprefix("www.")


def environment(**options: Any) -> Environment:
    """Jinja2 environment for Django's backend; `options` are the backend's own (loader, auto_reload)."""
    env = Environment(  # noqa: S701 - escaping is decided per name, above
        **{
            **options,
            "autoescape": _autoescape,
            "undefined": StrictUndefined,
            "trim_blocks": True,
            "lstrip_blocks": True,
        }
    )
    env.globals.update(
        static=static,
        url=reverse,
        site_name=settings.SITE_NAME,
        site_url=settings.SITE_URL,
        postal_address=settings.POSTAL_ADDRESS,
        theme=theme.load(settings.THEME, settings.SITE_NAME) if settings.THEME else theme.default(settings.SITE_NAME),
        rule="-" * typeset.COLUMNS,
    )
    env.filters.update(hang=typeset.hang, centre=typeset.centre, extract=text.extract, searchable=topic_words)
    env.filters.update(day=_day, rfc3339=_rfc3339, host=_host, lang=_lang, label=_label)
    return env
