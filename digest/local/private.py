"""The private PostgreSQL and Valkey of this directory, and who is to stop them.

`make up` starts them to stay; `make run` starts those that do not run and stops them again. A file remembers the second, so
that servers whose runner was killed -9 are stopped by the next one, and servers that somebody put up are left alone.
"""

import os
import shutil
from pathlib import Path

import psycopg

from digest.local.servers import Postgres, ServerFailed, Valkey, place

# What a local run keeps, by name: the directory itself may be one that the user chose, with other things in it.
_KEPT = ("postgres", "postgres.partial", "valkey", "programs", "run", "log", "inbox", "local.env*", "beat-schedule*")


class Private:
    """`home` is the directory of the local run (`var/`); a server that the environment names elsewhere is not started."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._ours = home / "run" / "servers-to-stop"
        self.postgres = None if os.environ.get("DATABASE_URL") else Postgres(home)
        self.valkey = None if os.environ.get("REDIS_URL") else Valkey(home)

    def start(self) -> None:
        """Start what does not run yet; raises ServerFailed."""
        if self.postgres:
            self.postgres.start()
            try:
                self.postgres.create()
            except psycopg.OperationalError as error:
                raise ServerFailed(f"The private PostgreSQL refuses us: {error}") from error
        if self.valkey:
            self.valkey.start()

    def check(self) -> None:
        """Raises ServerFailed when one of the private servers has stopped."""
        for name, server in self._named():
            if not server.running():
                raise ServerFailed(f"The private {name} has stopped. Its log is {server.log}.")

    def start_for_a_run(self) -> None:
        """As `start`, remembering which ones a run is to stop."""
        stopped = [name for name, server in self._named() if not server.running()]
        earlier = self._ours.read_text().split() if self._ours.exists() else []
        self._ours.parent.mkdir(parents=True, exist_ok=True)
        self._ours.write_text("\n".join({*stopped, *earlier}))
        self.start()

    def stop_after_a_run(self) -> None:
        """Stop those that a run started."""
        ours = self._ours.read_text().split() if self._ours.exists() else []
        for name, server in self._named():
            if name in ours:
                server.stop()
        self._ours.unlink(missing_ok=True)

    def keep(self) -> None:
        """Let them stay when the run that may have started them ends."""
        self._ours.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop both, whoever started them."""
        Valkey(self.home).stop()
        Postgres(self.home).stop()
        self._ours.unlink(missing_ok=True)

    def erase(self) -> None:
        """Stop both and remove everything a local run keeps."""
        self.stop()
        for directory in {place(self.home), self.home}:
            for pattern in _KEPT:
                for path in directory.glob(pattern):
                    if path.is_dir():
                        shutil.rmtree(path)
                    else:
                        path.unlink()
        # A directory of the servers' own is of no use when it is empty; one that the user chose is left.
        if (elsewhere := place(self.home)) != self.home and elsewhere.exists():
            elsewhere.rmdir()

    def _named(self) -> list[tuple[str, Postgres | Valkey]]:
        pairs = (("postgres", self.postgres), ("valkey", self.valkey))
        return [(name, server) for name, server in pairs if server is not None]
