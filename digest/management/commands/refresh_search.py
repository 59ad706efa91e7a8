"""manage.py refresh_search: bring search up to date now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import Progress

from digest import search
from digest.management.databases import answering
from digest.models import SearchPending


class Command(BaseCommand):
    help = "Read the papers that changed since search last looked; with --all every paper, for instance after renaming a topic."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="read every paper again")

    def handle(self, *args: Any, **options: Any) -> None:
        with answering():
            if options["all"]:
                search.note_all()
            waiting, read = SearchPending.objects.count(), 0
            hidden = not self.stderr.isatty()
            with Progress(console=Console(stderr=True), transient=True, disable=hidden) as progress:
                bar = progress.add_task("Reading", total=waiting)
                while True:
                    refreshed = search.refresh()
                    read += len(refreshed.papers)
                    progress.update(bar, completed=read)
                    if not refreshed.more:
                        break
        self.stdout.write(f"Read {read:,} papers.")
