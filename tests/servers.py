"""Loaded before Django's settings: a PostgreSQL and a Valkey of this run's own, and an environment of its own."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="paper-round-test-"))
os.environ["PAPER_ROUND_VAR"] = str(HOME)

from digest.local.servers import Postgres, Valkey  # noqa: E402 - the variable above must come first

_postgres, _valkey = Postgres(HOME), Valkey(HOME)


def _stop() -> None:
    _valkey.stop()
    _postgres.stop()
    shutil.rmtree(HOME, ignore_errors=True)


atexit.register(_stop)
_postgres.start(durable=False)
_postgres.create()
_valkey.start()
os.environ.update(
    DEBUG="0",
    SECRET_KEY="test-" + "s" * 60,
    TOKEN_KEYS="t" * 64,
    IDENTITY_KEY="i" * 64,
    SITE_URL="https://papers.example.org",
    SITE_NAME="Paper Round",
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
    DATABASE_URL=_postgres.url(),
    REDIS_URL=_valkey.url,
    SMTP_URL="smtp://127.0.0.1:9",
    DIGEST_FROM="Paper Round <digest@papers.example.org>",
    NOTICE_FROM="Paper Round <hello@papers.example.org>",
    BOUNCE_ADDRESS="bounces@papers.example.org",
    POSTAL_ADDRESS="Paper Round, 1 Example Street, 75000 Paris",
    DEFAULT_TIME_ZONE="Europe/Paris",
    LOCAL_INBOX="",
    PUBLIC_PAGES_SECONDS="0",
    # Its own tests ask for it.
    SECOND_FACTOR="0",
)
