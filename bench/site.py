"""The site under granian, over a private PostgreSQL and Valkey of the benchmark's own."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@contextlib.contextmanager
def servers(home: Path) -> Iterator[None]:
    """A private PostgreSQL and Valkey, and the environment that points at them."""
    os.environ["PAPER_ROUND_VAR"] = str(home)
    from digest.local.servers import Postgres, Valkey

    postgres, valkey = Postgres(home), Valkey(home)
    postgres.start()
    try:
        postgres.create()
        valkey.start()
        os.environ.update(
            DJANGO_SETTINGS_MODULE="digest.settings",
            SECRET_KEY=secrets.token_hex(32),
            TOKEN_KEYS=secrets.token_hex(32),
            IDENTITY_KEY=secrets.token_hex(32),
            SITE_URL="http://127.0.0.1",
            DATABASE_URL=postgres.url(),
            REDIS_URL=valkey.url,
            SMTP_URL="smtp://127.0.0.1:9",
            DIGEST_FROM="Paper Round <digest@papers.example.org>",
            NOTICE_FROM="Paper Round <hello@papers.example.org>",
            BOUNCE_ADDRESS="bounces@papers.example.org",
            POSTAL_ADDRESS="Paper Round, 1 Example Street, 75000 Paris",
            REQUESTS_PER_NETWORK_AND_HOUR="1000000",
            ASKED_MESSAGES_PER_HOUR="1000000",
            LOG_LEVEL="ERROR",
        )
        yield
    finally:
        valkey.stop()
        postgres.stop()


@dataclass(frozen=True, slots=True)
class Web:
    """A running web server; `pid` is granian's own process, whose child answers."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """What the server and its workers have used so far, in user and kernel."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        ticks = 0
        for pid in [str(self.pid), *children]:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def web(application: str = "digest.wsgi:application", threads: int = 1, **variables: str) -> Iterator[Web]:
    """An application under granian on a free port of 127.0.0.1: one worker with so many blocking threads.

    `variables` are settings of its own.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", str(threads), "--no-ws", "--log-level", "error", application]
    server = subprocess.Popen(command, env={**os.environ, **variables})
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield Web(port, server.pid)
    finally:
        server.terminate()
        server.wait()
