"""manage.py resend --failed | --deferred: try again what failed, or at once what waits for its next attempt."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest.delivery import levers


class Command(BaseCommand):
    help = "Queue once more the deliveries that failed, or try at once those that are deferred, under the same Message-IDs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--failed", action="store_true", help="what failed is sent again")
        parser.add_argument("--deferred", action="store_true", help="what is deferred is tried at once")
        parser.add_argument("--days", type=int, default=2, help="that failed in so many days past (default: 2)")
        parser.add_argument("--domain", default="", help="to this receiving domain only")
        parser.add_argument("--why", default="", help="a few words for the ledger")

    def handle(self, *_: object, **options: Any) -> None:
        if options["failed"] == options["deferred"]:
            raise CommandError("Say `resend --failed` or `resend --deferred`.")
        now, domain, why = timezone.now(), options["domain"], options["why"]
        if options["deferred"]:
            queued = levers.hasten(now, "command", domain=domain, why=why)
        else:
            queued = levers.resend_failed(now, now - timedelta(days=options["days"]), "command", domain=domain, why=why)
        self.stdout.write(f"{queued} queued again.")
