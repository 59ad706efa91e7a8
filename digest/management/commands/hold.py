"""manage.py hold --uncertain: send nothing of unknown fate once more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from digest.delivery import levers


class Command(BaseCommand):
    help = "Keep the deliveries whose fate nobody knows from being sent once more, until they are released."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--uncertain", action="store_true", help="required: the uncertain ones are held")
        parser.add_argument("--delivery", type=int, help="this one alone, by its number in the ledger")
        parser.add_argument("--why", default="", help="a few words for the ledger")

    def handle(self, *_: object, **options: Any) -> None:
        if not options["uncertain"]:
            raise CommandError("Say `hold --uncertain`.")
        held = levers.hold_uncertain("command", delivery=options["delivery"], why=options["why"])
        if not held and options["delivery"] is not None:
            raise CommandError(f"Delivery {options['delivery']} is not uncertain, or held already.")
        self.stdout.write(f"{held} held. `manage.py release --uncertain` sends them once more.")
