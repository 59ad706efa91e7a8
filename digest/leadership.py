"""Of several beats one leads: whoever holds a lock of PostgreSQL's. The others wait, and the next takes over when it is gone.

The lock belongs to a connection (PostgreSQL, 13.3.5, session-level advisory locks), so a beat that is killed, or whose
connection breaks, has lost it by itself. Two beats that each believe they lead for a moment do no harm: tasks are hints.
"""

import contextlib
import logging
import time
from pathlib import Path
from typing import Any

import psycopg
from celery.beat import PersistentScheduler
from django.db import connections
from django.db.utils import DEFAULT_DB_ALIAS

log = logging.getLogger(__name__)

LOCK = 0x50524245
"""The key of the lock: "PRBE" in ASCII."""
RETRY_SECONDS = 5.0


class Leadership:
    """Whether this process leads; asked again and again."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] | None = None
        self._asked_at = 0.0

    def held(self) -> bool:
        """Whether the lock is ours, taking it if it is free. A database that does not answer leaves nobody in the lead."""
        if self._connection is not None:
            try:
                self._connection.execute("SELECT 1")
            except psycopg.Error as error:
                log.warning("lost the lead: %s", type(error).__name__)
                self.release()
            else:
                return True
        if time.monotonic() < self._asked_at + RETRY_SECONDS and self._asked_at:
            return False
        self._asked_at = time.monotonic()
        return self._take()

    def _take(self) -> bool:
        parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
        wanted = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if parameters.get(name)}
        try:
            connection = psycopg.connect(
                **wanted, autocommit=True, connect_timeout=5, keepalives_idle=10, keepalives_interval=5
            )
        except psycopg.Error as error:
            log.warning("nobody leads, for the database does not answer: %s", type(error).__name__)
            return False
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        if row is None or not row[0]:
            connection.close()
            return False
        self._connection = connection
        log.info("leads")
        return True

    def release(self) -> None:
        """Let another lead."""
        if self._connection is not None:
            # Hanging up would free the lock too, but only once the server's process has ended, a moment later.
            with contextlib.suppress(psycopg.Error):
                self._connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            self._connection.close()
            self._connection = None


class Scheduler(PersistentScheduler):
    """Celery's own scheduler, which ticks only while this beat leads."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._leadership = Leadership()
        self._schedule_file = str(options.get("schedule_filename") or "beat-schedule")
        super().__init__(*arguments, **options)

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Seconds until the next look: whatever is due is sent by the leader, and by nobody else."""
        # For whoever watches over the process: this one is alive, leading or not.
        Path(f"{self._schedule_file}.alive").touch()
        if not self._leadership.held():
            return RETRY_SECONDS
        return float(super().tick(*arguments, **options))

    def close(self) -> None:
        """The end of this beat: the lead goes to another at once."""
        super().close()
        self._leadership.release()
