"""`python -m digest.local up|down`: the private PostgreSQL and Valkey alone, in the background."""

import os
import sys

from digest.environment import LOCAL_ENV, VAR
from digest.local import settings_file
from digest.local.servers import Postgres, ServerFailed, Valkey


def up() -> None:
    """Start both servers unless the environment names others, and write `var/local.env`."""
    if not os.environ.get("DATABASE_URL"):
        postgres = Postgres(VAR)
        postgres.start()
        postgres.create()
    if not os.environ.get("REDIS_URL"):
        Valkey(VAR).start()
    settings_file.write(LOCAL_ENV)


def down() -> None:
    """Stop both servers."""
    Valkey(VAR).stop()
    Postgres(VAR).stop()


def main(arguments: list[str]) -> int:
    verbs = {"up": up, "down": down}
    if len(arguments) != 1 or arguments[0] not in verbs:
        sys.stderr.write(f"Say one of: {', '.join(verbs)}.\n")
        return 2
    try:
        verbs[arguments[0]]()
    except ServerFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
