#!/usr/bin/env python3
"""Django's command line for Paper Round."""

import os
import sys


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
    from kombu.exceptions import OperationalError as BrokerError
    from redis.exceptions import ConnectionError as RedisError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        sys.stderr.write(
            f"PostgreSQL does not answer ({reason}). Start a private one with `make up`, or point DATABASE_URL at yours.\n"
        )
        return 2
    except (BrokerError, RedisError) as error:
        sys.stderr.write(f"Redis does not answer ({error}). Start a private one with `make up`, or point REDIS_URL at yours.\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
