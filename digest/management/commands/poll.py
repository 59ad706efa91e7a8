"""Ask sources now."""

import json
from dataclasses import asdict
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from digest import polling
from digest.management.databases import answering
from digest.models import Source


class Command(BaseCommand):
    help = "Poll the sources named, or all active ones that are due. Exit status 1 when one of them failed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="*", metavar="SOURCE", help="slugs; these are asked whether they are due or not")
        parser.add_argument("--json", action="store_true", help="one JSON object for each source")

    def handle(self, *args: Any, **options: Any) -> None:
        with answering():
            self._poll(named(options["sources"]), as_json=options["json"])

    def _poll(self, sources: list[Source], *, as_json: bool) -> None:
        tools, failed = polling.Tools.shared(), 0
        with Progress(console=Console(stderr=True), transient=True, disable=not self.stderr.isatty()) as progress:
            for source in progress.track(sources, description="Polling"):
                try:
                    polled = polling.poll(source, timezone.now(), tools)
                except redis.RedisError as error:
                    raise CommandError(
                        f"Redis does not answer ({error}), and it keeps the turns at sources. Start it with `make up`, or set"
                        " REDIS_URL to one that runs."
                    ) from error
                failed += bool(polled.error)
                if as_json:
                    self.stdout.write(json.dumps(asdict(polled), ensure_ascii=False))
                else:
                    self.stdout.write(
                        f"{polled.source}: {polled.error}"
                        if polled.error
                        else f"{polled.source}: {polled.entries} entries: {polled.new} new, {polled.known} known,"
                        f" {len(polled.refused)} refused ({polled.size:,} octets, {polled.seconds:.1f} s)"
                    )
                    for note in polled.notes:
                        self.stdout.write(f"  {note}")
        if failed:
            raise CommandError(f"{failed} of {len(sources)} sources failed.", returncode=1)
        if not sources and not as_json:
            self.stdout.write("No source is due. `manage.py sources list` shows when each will be.")


def named(slugs: list[str]) -> list[Source]:
    """The sources with these slugs, or all that are due when none are named."""
    if not slugs:
        return list(Source.objects.due(timezone.now()))
    found = {source.slug: source for source in Source.objects.filter(slug__in=slugs)}
    for slug in slugs:
        if slug not in found:
            raise CommandError(f"There is no source {slug!r}. `manage.py sources list` shows them all.")
        if not found[slug].url:
            raise CommandError(f"The source {slug!r} has no address to ask; its files are handed in by `manage.py ingest`.")
    return [found[slug] for slug in slugs]
