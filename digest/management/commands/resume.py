"""manage.py resume: go on sending."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from digest.delivery import safekeeping


class Command(BaseCommand):
    help = (
        "Lift every brake: pauses, breakers, and, once the log of who has left has been replayed, that of a restored database."
    )

    def handle(self, *_: object, **options: Any) -> None:
        replayed = safekeeping.resume("command", timezone.now())
        self.stdout.write(
            f"Sending goes on. From the log: {replayed.suppressed} suppressed, {replayed.ended} subscriptions ended, "
            f"{replayed.erased} erased."
        )
