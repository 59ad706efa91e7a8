"""Somebody waits for a lock of PostgreSQL: the moment that tests of two connections turn on."""

import time
from collections.abc import Callable

from django.db import connection

_PATIENCE_SECONDS = 120.0


def until_somebody_waits(over: Callable[[], bool] = lambda: False) -> None:
    """Come back once another connection waits for a lock. Fails when none does, or when `over` says that none will."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone() == (True,):
                return
            assert not over(), "it went on without waiting"
            assert time.monotonic() < deadline, "nobody waits"
