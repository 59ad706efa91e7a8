"""manage.py release --uncertain: send what is of unknown fate once more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest.delivery import levers


class Command(BaseCommand):
    help = (
        "Send the deliveries whose fate nobody knows once more, under the same Message-IDs: held ones and twice uncertain ones."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--uncertain", action="store_true", help="required: the uncertain ones are sent")
        parser.add_argument("--delivery", type=int, help="this one alone, by its number in the ledger")
        parser.add_argument("--why", default="", help="a few words for the ledger")

    def handle(self, *_: object, **options: Any) -> None:
        if not options["uncertain"]:
            raise CommandError("Say `release --uncertain`.")
        released = levers.release_uncertain(timezone.now(), "command", delivery=options["delivery"], why=options["why"])
        if not released and options["delivery"] is not None:
            raise CommandError(f"Delivery {options['delivery']} is not uncertain.")
        self.stdout.write(f"{released} released.")
