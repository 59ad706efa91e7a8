"""What a benchmark needs of Django, so that it runs by itself on a bare machine."""

import atexit
import os

import django

from digest.environment import LOCAL_ENV, VAR
from digest.local import settings_file
from digest.local.private import Private


def set_up(*, servers: bool = True) -> None:
    """Set Django up. With `servers`, a private PostgreSQL and Valkey run while the benchmark does, unless some run already."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
    if servers:
        private = Private(VAR)
        private.start_for_a_run()
        atexit.register(private.stop_after_a_run)
    # The file was read when digest.environment was imported, before there was one on a bare machine.
    for name, value in settings_file.write(LOCAL_ENV).items():
        os.environ.setdefault(name, value)
    django.setup()
