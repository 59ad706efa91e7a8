"""The database of the tests as it was when the migrations had run, after a test that commits.

Django's own way truncates every table, whose files PostgreSQL then makes anew one by one, and has permissions and content types
written again: half a second for each such test. Here only the rows go that a test left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from psycopg import sql


@dataclass(frozen=True)
class Baseline:
    """What stands once the migrations have run: rows by table, as COPY gives them, and a sum that shows a change."""

    tables: list[str]
    rows: dict[str, bytes]
    sums: dict[str, str]

    @classmethod
    def taken(cls) -> "Baseline":
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        filled = _filled(tables)
        return cls(tables, {table: _copied(table) for table in filled}, _sums(filled))

    def restore(self) -> None:
        """Have every table hold what it held."""
        filled = _filled(self.tables)
        sums = _sums(filled & self.rows.keys())
        changed = sorted((filled - self.rows.keys()) | {table for table in self.rows if sums.get(table) != self.sums[table]})
        if not changed:
            return
        emptied = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in changed]
        with transaction.atomic(), connection.cursor() as cursor:
            # As on a replica no trigger fires: neither those that keep a log from being shortened, nor those of foreign keys.
            cursor.execute(sql.SQL("; ").join([sql.SQL("SET LOCAL session_replication_role = replica"), *emptied]))
            for table in self.rows.keys() & set(changed):
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(self.rows[table])


def _filled(tables: Sequence[str]) -> set[str]:
    """Those of the tables that hold a row."""
    each = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    asked = sql.SQL(" UNION ALL ").join(each.format(sql.Literal(table), sql.Identifier(table)) for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return {table for (table,) in cursor.fetchall()}


def _sums(tables: set[str]) -> dict[str, str]:
    if not tables:
        return {}
    each = sql.SQL("SELECT {}, md5(string_agg(each::text, E'\\n' ORDER BY each::text)) FROM {} AS each")
    asked = sql.SQL(" UNION ALL ").join(each.format(sql.Literal(table), sql.Identifier(table)) for table in sorted(tables))
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return dict(cursor.fetchall())


def _copied(table: str) -> bytes:
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy,
    ):
        return b"".join(bytes(each) for each in copy)
