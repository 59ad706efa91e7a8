"""What a command says when the database does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import OperationalError


@contextmanager
def answering() -> Iterator[None]:
    """Turn a database that does not answer into one line that says so, and how to start it."""
    try:
        yield
    except OperationalError as error:
        line = next(iter(str(error).strip().splitlines()), "no reason given")
        raise CommandError(
            f"PostgreSQL does not answer ({line}). Start it with `make up`, or set DATABASE_URL to one that runs."
        ) from error
