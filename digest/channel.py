"""A database connection of one's own that is asked and never waited for.

The sender asks, goes on with its sockets, and takes the answer when the connection's descriptor is readable. Statements go
straight to libpq (`psycopg.pq`), prepared and planned once a connection.
"""

import selectors
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

# Planned anew each time, a statement that changes ten rows would cost PostgreSQL twice as much.
_AS_WE_LIKE_IT = b"SET plan_cache_mode = force_generic_plan; SET DateStyle = 'ISO'"

Row = tuple[bytes | None, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with parameters $1, $2 and so on; `name` is its own on the connection."""

    name: bytes
    sql: str


class Channel:
    """One request at a time: `ask`, then `answer` whenever `fileno` is readable. Outside any transaction of Django's."""

    def __init__(self) -> None:
        self._database = connection.copy()
        self._prepared: set[bytes] = set()
        self.busy = False
        # Which of its connections in turn this is: a new one may get the descriptor of the last.
        self.serial = 0

    def fileno(self) -> int:
        return int(self._libpq().socket)

    def ask(self, statement: Statement, parameters: Sequence[bytes | None]) -> None:
        """Send the statement with its parameters as PostgreSQL's texts. Raises django.db.OperationalError."""
        with self._database.wrap_database_errors:
            libpq = self._libpq()
            if statement.name not in self._prepared:
                if not self._prepared:
                    libpq.send_query(_AS_WE_LIKE_IT)
                    _finish(libpq)
                libpq.send_prepare(statement.name, statement.sql.encode())
                _finish(libpq)
                self._prepared.add(statement.name)
            libpq.send_query_prepared(statement.name, parameters)
            _flush(libpq)
        self.busy = True

    def answer(self) -> list[Row] | None:
        """The rows, or None while the database is still at it. Raises django.db.OperationalError when it never will be."""
        with self._database.wrap_database_errors:
            libpq = self._libpq()
            libpq.consume_input()
            if libpq.is_busy():
                return None
            rows = _results(libpq)
        self.busy = False
        return rows

    def wait(self) -> list[Row]:
        """The rows, however long it takes."""
        while (rows := self.answer()) is None:
            self.await_answer()
        return rows

    def await_answer(self) -> None:
        """Sleep until the database says something."""
        _await(self._libpq(), selectors.EVENT_READ)

    def close(self) -> None:
        """Give the connection up, with whatever it was doing; the next request opens another."""
        self._database.close()
        self._prepared.clear()
        self.busy = False
        self.serial += 1

    def _libpq(self) -> PGconn:
        if self._database.connection is None:
            self._database.ensure_connection()
        raw: psycopg.Connection[Any] = self._database.connection
        return raw.pgconn


def numbers(column: Iterable[int | None]) -> bytes:
    """An array of numbers as PostgreSQL reads it."""
    return ("{" + ",".join(["NULL" if each is None else str(each) for each in column]) + "}").encode()


def words(column: Iterable[str | None]) -> bytes:
    """An array of texts as PostgreSQL reads it; its text holds no NUL."""
    return ("{" + ",".join(["NULL" if each is None else _quoted(each) for each in column]) + "}").encode()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "") + '"'


def _results(libpq: PGconn) -> list[Row]:
    """The rows of everything the database answers to one request; raises psycopg.Error."""
    rows: list[Row] = []
    while (result := libpq.get_result()) is not None:
        if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
            raise psycopg.errors.error_from_result(result)
        columns = range(result.nfields)
        rows += [tuple([result.get_value(n, column) for column in columns]) for n in range(result.ntuples)]
    return rows


def _finish(libpq: PGconn) -> None:
    _flush(libpq)
    _results(libpq)


def _flush(libpq: PGconn) -> None:
    while libpq.flush():
        _await(libpq, selectors.EVENT_WRITE)


def _await(libpq: PGconn, event: int) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(libpq.socket, event)
        selector.select()
