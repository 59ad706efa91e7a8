"""manage.py resend --failed: try again what failed."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest.delivery import levers


class Command(BaseCommand):
    help = "Queue once more the deliveries that failed, under the same Message-IDs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--failed", action="store_true", help="required: what failed is sent again")
        parser.add_argument("--days", type=int, default=2, help="that failed in so many days past (default: 2)")
        parser.add_argument("--domain", default="", help="to this receiving domain only")

    def handle(self, *_: object, **options: Any) -> None:
        if not options["failed"]:
            raise CommandError("Say `resend --failed`.")
        now = timezone.now()
        queued = levers.resend_failed(now, now - timedelta(days=options["days"]), options["domain"])
        self.stdout.write(f"{queued} queued again.")
