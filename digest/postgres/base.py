"""The backend of settings.DATABASES; Django asks for a module of this name."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own but for its health check, which asks `SELECT 1` in every request: as long as a sign-up's own statement."""

    def is_usable(self) -> bool:
        """Whether the kept connection stands. A server that ends one says so, and then there is something to read."""
        connection = self.connection
        if connection is None or connection.closed:
            return False
        watch = select.poll()
        watch.register(connection.fileno(), select.POLLIN)
        # A notice may be waiting too, so what is there to read settles nothing: the server is asked after all.
        return bool(super().is_usable()) if watch.poll(0) else True
