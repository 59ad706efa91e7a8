"""`var/local.env`: what a local run tells every process it starts, and every command started by hand beside it."""

import os
import secrets
from pathlib import Path

from digest.environment import VAR, read_env_file
from digest.local.servers import Postgres, Valkey

INBOX = VAR / "inbox"


def write(path: Path, *, port: int | None = None, smtp_port: int | None = None) -> dict[str, str]:
    """Write the file and return its values.

    Secrets that it already holds are kept, so that links in old messages stay valid; so are the addresses of the site and of
    the relay when no port is given. DATABASE_URL and REDIS_URL of the environment win over the private servers.
    """
    kept = read_env_file(path)
    values = {
        "DEBUG": "0",
        "SECRET_KEY": kept.get("SECRET_KEY") or secrets.token_hex(32),
        "TOKEN_KEYS": kept.get("TOKEN_KEYS") or secrets.token_hex(32),
        "IDENTITY_KEY": kept.get("IDENTITY_KEY") or secrets.token_hex(32),
        "SITE_URL": f"http://127.0.0.1:{port}" if port else kept.get("SITE_URL") or "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "DATABASE_URL": os.environ.get("DATABASE_URL") or Postgres(VAR).url(),
        "REDIS_URL": os.environ.get("REDIS_URL") or Valkey(VAR).url,
        "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}" if smtp_port else kept.get("SMTP_URL") or "smtp://127.0.0.1:2525",
        "DIGEST_FROM": "Paper Round <digest@paperround.example.org>",
        "NOTICE_FROM": "Paper Round <hello@paperround.example.org>",
        "BOUNCE_ADDRESS": "bounces@paperround.example.org",
        "POSTAL_ADDRESS": "Paper Round, 1 Example Street, 75000 Paris",
        # Nobody else reaches this machine's loopback, and a newcomer wants to look around.
        "SECOND_FACTOR": "0",
        "LOCAL_INBOX": str(INBOX),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
    partial.replace(path)
    return values
