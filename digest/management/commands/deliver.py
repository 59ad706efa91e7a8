"""manage.py deliver: one run of the sender, by hand."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest import delivery, providers
from digest.delivery import clocks, safekeeping
from digest.smtp import RelayUnclear


class Command(BaseCommand):
    help = "Queue the notices that wait, find what dead workers held, and send what is ready."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, default=500, help="claim at most so many deliveries (default: 500)")

    def handle(self, *_: object, **options: Any) -> None:
        now = timezone.now()
        try:
            if why := clocks.astray(now):
                raise CommandError(f"Nothing is sent: {why}. Set it right.")
            if why := safekeeping.guard(now):
                raise CommandError(f"Nothing is sent: {why}. `manage.py resume` replays the log of who has left, and goes on.")
            delivery.queue_notices(now)
            delivery.recover(now)
            send = providers.deliver if settings.DELIVERY_BACKEND == "anymail" else delivery.deliver
            delivered = send(now, options["limit"])
        except RelayUnclear as error:
            raise CommandError(str(error)) from error
        states = ", ".join(f"{number} {state}" for state, number in sorted(delivered.by_state.items()))
        self.stdout.write(f"{delivered.claimed} claimed" + (f": {states}" if states else ", nothing was ready"))
        if delivered.halted:
            raise CommandError(f"Sending stopped: {delivered.halted}")
