"""Read a source's past from its archive."""

import datetime as dt
import json
from dataclasses import asdict
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from digest import polling
from digest.management.commands.poll import named
from digest.management.databases import answering


class Command(BaseCommand):
    help = "Store what a source announced since a day, from its archive (arXiv: OAI-PMH; Hugging Face: day by day)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help="its slug")
        parser.add_argument("--since", type=dt.date.fromisoformat, required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--until", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="included (default: today)")
        parser.add_argument("--json", action="store_true", help="one JSON object at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        since, until = options["since"], options["until"] or now.date()
        if since > until:
            raise CommandError(f"--since {since} is after {until}.")
        with answering(), Progress(console=Console(stderr=True), transient=True, disable=not self.stderr.isatty()) as progress:
            (source,) = named([options["source"]])
            task = progress.add_task("Asking", total=None)

            def show(done: polling.Backfilled) -> None:
                progress.update(task, description=f"{done.pages} pages, {done.entries} entries, {done.new} new")

            try:
                done = polling.backfill(source, since, until, now, polling.Tools.shared(), show)
            except polling.NoArchive as error:
                raise CommandError(str(error)) from error
            except redis.RedisError as error:
                raise CommandError(f"Redis does not answer ({error}). Start it with `make up`, or set REDIS_URL.") from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done), default=str, ensure_ascii=False))
        else:
            self.stdout.write(
                f"{done.source}, {since} to {until}: {done.pages} pages, {done.entries} entries: {done.new} new, {done.known}"
                f" known, {len(done.refused)} refused; {done.days_filled} missing days filled"
            )
        if done.error:
            raise CommandError(
                f"It stopped early: {done.error}. What came before is stored; run it again to go on.", returncode=1
            )
