from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DigestConfig(AppConfig):
    name = "digest"
    verbose_name = "Digests"

    def ready(self) -> None:
        """Have every message rendered once by `manage.py check`, which every command and every worker runs as it starts.

        And have every departure written to the log outside the database, and every erasure followed by its message,
        whichever process it is answered by.
        """
        # Two register themselves, and models must be ready first.
        from digest import checks, deployment, farewell, safety_log  # noqa: F401 - see above
        from digest.access import lockout, roles  # noqa: F401 - likewise

        safety_log.connect()
        farewell.connect()
        post_migrate.connect(lambda **_: roles.ensure(), sender=self, weak=False, dispatch_uid="roles")
