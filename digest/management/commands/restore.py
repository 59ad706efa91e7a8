"""manage.py restore: put a backup in place of the database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest.backup import BackupFailed, restore


class Command(BaseCommand):
    help = "Put a backup in place of the database, all of it or nothing. Nothing is sent from it until `manage.py resume`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")
        parser.add_argument("--replace", action="store_true", help="even though the database has subscribers")

    def handle(self, *_: object, **options: Any) -> None:
        try:
            rows = restore(options["file"], timezone.now(), replace=options["replace"])
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored {len(rows)} tables, {sum(rows.values()):,} rows.")
        self.stdout.write("All sending is held. `manage.py resume` replays who has left since, and then lets it go on.")
