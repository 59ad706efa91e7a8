"""manage.py resume: go on sending."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from digest.delivery import levers


class Command(BaseCommand):
    help = (
        "Lift every brake: pauses, breakers, a failed preflight, and that of a restored database, once the log of who has left "
        "has been replayed."
    )

    def handle(self, *_: object, **options: Any) -> None:
        resumed = levers.resume("command", timezone.now())
        if not resumed.lifted:
            self.stdout.write("Nothing was stopped.")
        for each in resumed.lifted:
            self.stdout.write(f"Lifted: {each}.")
        replayed = resumed.replayed
        if replayed is not None:
            self.stdout.write(
                f"From the log: {replayed.suppressed} suppressed, {replayed.ended} subscriptions ended, "
                f"{replayed.erased} erased."
            )
        if replayed is not None and replayed.held:
            self.stdout.write(
                f"{replayed.held} deliveries may have been sent before the restore, and are held: "
                "`manage.py release --uncertain` sends them."
            )
        self.stdout.write("Sending goes on.")
