from django.apps import AppConfig


class DigestConfig(AppConfig):
    name = "digest"
    verbose_name = "Digests"

    def ready(self) -> None:
        """Have every message rendered once by `manage.py check`, which every command and every worker runs as it starts."""
        from digest import checks, deployment  # noqa: F401 - they register themselves; models must be ready first
