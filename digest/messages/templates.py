"""The templates of messages, found by name under `templates/email/`."""

import functools
from typing import cast

from django.template import engines
from django.template.backends.jinja2 import Jinja2
from jinja2 import Environment


@functools.cache
def _environment() -> Environment:
    return cast(Jinja2, engines["jinja2"]).env


def render(name: str, **context: object) -> str:
    """The template `email/<name>` with these values; a value that it misses is an error."""
    return _environment().get_template(f"email/{name}").render(context)
