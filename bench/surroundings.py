"""What a benchmark of sending runs in: an environment that points at nothing, and a PostgreSQL of its own."""

import contextlib
import os
from collections.abc import Iterator

from digest.environment import VAR
from digest.local.servers import Postgres

ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "digest.settings",
    "SECRET_KEY": "b" * 64,
    "TOKEN_KEYS": "b" * 64,
    "IDENTITY_KEY": "b" * 64,
    "SITE_URL": "https://papers.example.org",
    "DATABASE_URL": "postgres://bench@127.0.0.1/unused",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "SMTP_URL": "smtp://127.0.0.1:9",
    "DIGEST_FROM": "Paper Round <digest@papers.example.org>",
    "NOTICE_FROM": "Paper Round <hello@papers.example.org>",
    "BOUNCE_ADDRESS": "bounces@papers.example.org",
    "POSTAL_ADDRESS": "Paper Round, 1 Example Street, 75000 Paris",
    "LOG_LEVEL": "ERROR",
}
HOME = VAR / "bench"


@contextlib.contextmanager
def database() -> Iterator[Postgres]:
    """A PostgreSQL under `var/bench` with a migrated database, and Django set up to use it; stopped in the end."""
    os.environ.update(ENVIRONMENT)
    HOME.mkdir(parents=True, exist_ok=True)
    postgres = Postgres(HOME)
    postgres.start()
    try:
        postgres.create("bench")
        os.environ["DATABASE_URL"] = postgres.url("bench")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield postgres
    finally:
        postgres.stop()
