"""manage.py resume: go on sending."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from digest.delivery import brakes


class Command(BaseCommand):
    help = "Lift every brake: pauses, and breakers that opened by themselves."

    def handle(self, *_: object, **options: Any) -> None:
        lifted = brakes.resume("command", timezone.now())
        self.stdout.write(f"Lifted {lifted}. Sending goes on." if lifted else "Nothing stood still.")
