from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = "Subscriptions"

    def ready(self) -> None:
        """Have the kinds of jobs known to whoever starts or does them."""
        from subscriptions import bulk, importing  # noqa: F401 - they register themselves; models must be ready first
