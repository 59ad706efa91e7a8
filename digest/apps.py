from django.apps import AppConfig


class DigestConfig(AppConfig):
    name = "digest"
    verbose_name = "Digests"

    def ready(self) -> None:
        """Have every message rendered once by `manage.py check`, which every command and every worker runs as it starts.

        And have every departure written to the log outside the database, whichever process it is answered by.
        """
        from digest import checks, deployment, safety_log  # noqa: F401 - two register themselves; models must be ready first

        safety_log.connect()
