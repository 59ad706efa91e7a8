"""manage.py embed: vectors of meaning for readers' texts and the stored papers."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from digest import search
from digest.management.databases import answering
from digest.ranking import dense


class Command(BaseCommand):
    help = (
        "Compute the vectors of meaning that are missing or out of date, those of readers' texts, then of papers, the newest "
        "first. Needs the optional extra. "
        "It can be stopped at any time and goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, metavar="N", help="at most so many papers (default: all)")

    def handle(self, *args: Any, limit: int | None = None, **options: Any) -> None:
        if not dense.installed():
            raise CommandError("The optional extra is not installed: pip install -r requirements-dense.in, then try again.")
        if limit is not None and limit < 1:
            raise CommandError(f"--limit {limit} would compute nothing; give a number from 1.")
        with answering():
            texts = search.embed_texts(search.texts_waiting())
            waiting = search.waiting()
            wanted = min(waiting, limit or waiting)
            done = 0
            columns = (TextColumn("Computing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            hidden = not self.stderr.isatty()
            with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as progress:
                bar = progress.add_task("", total=wanted)
                while done < wanted:
                    embedded = search.embed_waiting(min(1000, wanted - done), advance=lambda many: progress.advance(bar, many))
                    if not embedded:
                        break
                    done += embedded
        said = f" Readers' texts: {texts:,}." if texts else ""
        self.stdout.write(f"Computed {done:,} vectors; {waiting - done:,} papers wait for theirs.{said}")
