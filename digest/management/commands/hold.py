"""manage.py hold --uncertain: send nothing of unknown fate once more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from digest.delivery import levers


class Command(BaseCommand):
    help = "Keep the deliveries whose fate nobody knows from being sent once more, until they are released."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--uncertain", action="store_true", help="required: the uncertain ones are held")

    def handle(self, *_: object, **options: Any) -> None:
        if not options["uncertain"]:
            raise CommandError("Say `hold --uncertain`.")
        self.stdout.write(f"{levers.hold_uncertain()} held. `manage.py release --uncertain` sends them once more.")
