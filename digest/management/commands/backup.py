"""manage.py backup: dump the database, and prove that the dump can be restored."""

from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console

from digest.backup import BackupFailed, backup, prune


class Command(BaseCommand):
    help = "Dump the database into a directory, restore the dump into a scratch database, and compare every table's rows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="where backups are kept; made if it is not there")
        parser.add_argument("--unchecked", action="store_true", help="do not restore it on trial")
        parser.add_argument("--keep", type=int, metavar="N", help="afterwards remove all but the N newest backups there")

    def handle(self, *_: object, **options: Any) -> None:
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError(f"--keep {options['keep']} would remove the new backup as well; say 1 or more.")
        console = Console(file=cast("IO[str]", self.stdout), highlight=False, soft_wrap=True)
        try:
            with console.status("Dump the database" if options["unchecked"] else "Dump the database and restore it on trial"):
                made = backup(options["directory"], timezone.now(), verify=not options["unchecked"])
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        trial = "not tried" if options["unchecked"] else "restored on trial, every table complete"
        total = sum(made.rows.values())
        self.stdout.write(f"{made.path}: {made.octets:,} octets, {len(made.rows)} tables, {total:,} rows; {trial}.")
        for gone in prune(options["directory"], options["keep"]) if options["keep"] is not None else []:
            self.stdout.write(f"Removed {gone.name}.")
