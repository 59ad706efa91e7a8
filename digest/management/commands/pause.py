"""manage.py pause: stop all sending."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest.delivery import levers


class Command(BaseCommand):
    help = "Stop all sending, on every worker, within two seconds. What is due goes on being published, and waits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("why", help="a few words for whoever finds it stopped")

    def handle(self, *_: object, **options: Any) -> None:
        if not options["why"].strip():
            raise CommandError("Say in a few words why sending stops, for whoever finds it stopped.")
        now = timezone.now()
        brake = levers.pause(options["why"], "command", now)
        stopped = "is stopped" if brake.since == now else "was stopped before,"
        self.stdout.write(f"Sending {stopped} since {brake.since:%Y-%m-%d %H:%M} UTC: {brake.why}. `manage.py resume` goes on.")
