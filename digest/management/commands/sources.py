"""See, import, export and switch sources."""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from digest import polling
from digest.management.databases import answering
from digest.models import Source
from digest.sources import opml
from digest.sources.entries import ParseError


class Command(BaseCommand):
    help = "Sources: list them with their health, import and export OPML, activate and deactivate."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="every source and how it fares")
        listing.add_argument("--json", action="store_true", help="one JSON object for each source")
        importing = verbs.add_parser("import", help="add the sources of an OPML file; known addresses are left as they are")
        importing.add_argument("file", type=Path, metavar="OPML")
        importing.add_argument("--json", action="store_true", help="one JSON object")
        exporting = verbs.add_parser("export", help="write all polled sources as OPML")
        exporting.add_argument("file", type=Path, metavar="OPML", help="- for standard output")
        exporting.add_argument("--json", action="store_true", help="one JSON object")
        for verb in ("activate", "deactivate"):
            switching = verbs.add_parser(verb)
            switching.add_argument("slugs", nargs="+", metavar="SOURCE")

    def handle(self, *args: Any, **options: Any) -> None:
        with answering():
            match options["verb"]:
                case "list":
                    self._list(as_json=options["json"])
                case "import":
                    self._import(options["file"], as_json=options["json"])
                case "export":
                    self._export(options["file"], as_json=options["json"])
                case verb:
                    self._switch(options["slugs"], active=verb == "activate")

    def _list(self, *, as_json: bool) -> None:
        for source in Source.objects.order_by("slug"):
            missing = polling.missing(source)
            if as_json:
                said = {
                    "source": source.slug, "name": source.name, "format": source.format, "url": source.url,
                    "active": source.active, "stopped_because": source.stopped_because, "failures": source.failures,
                    "last_success_at": source.last_success_at, "next_poll_at": source.next_poll_at, "missing_days": missing,
                }  # fmt: skip
                self.stdout.write(json.dumps(said, default=str, ensure_ascii=False))
            else:
                self.stdout.write(f"{source.slug:32} {_health(source)}{f', {len(missing)} days missing' if missing else ''}")

    def _import(self, path: Path, *, as_json: bool) -> None:
        try:
            outlines = opml.parse(path.read_bytes())
        except (OSError, ParseError) as error:
            raise CommandError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        added = import_sources(outlines)
        if as_json:
            self.stdout.write(json.dumps({"file": str(path), "sources": len(outlines), "added": added}))
        else:
            self.stdout.write(f"{path}: {len(outlines)} sources, {len(added)} added{': ' + ', '.join(added) if added else ''}")

    def _export(self, path: Path, *, as_json: bool) -> None:
        sources = Source.objects.exclude(url="").order_by("slug")
        octets = opml.write(
            (
                opml.Outline(
                    slug=each.slug, name=each.name, format=each.format, url=each.url, homepage=each.homepage,
                    hours=max(1, round(each.interval / dt.timedelta(hours=1))), active=each.active,
                )
                for each in sources
            ),
            "Paper Round: sources",
        )  # fmt: skip
        if str(path) == "-":
            sys.stdout.buffer.write(octets)
            return
        try:
            path.write_bytes(octets)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        count = sources.count()
        self.stdout.write(json.dumps({"file": str(path), "sources": count}) if as_json else f"{path}: {count} sources")

    def _switch(self, slugs: list[str], *, active: bool) -> None:
        with transaction.atomic():
            for slug in slugs:
                changed = Source.objects.filter(slug=slug).update(
                    active=active, stopped_because="", failures=0, next_poll_at=None
                )
                if not changed:
                    raise CommandError(f"There is no source {slug!r}. `manage.py sources list` shows them all.")
        self.stdout.write(f"{'Activated' if active else 'Deactivated'} {', '.join(slugs)}.")


def import_sources(outlines: list[opml.Outline]) -> list[str]:
    """Add the sources whose address is not known yet, all or none; returns their slugs."""
    added = []
    with transaction.atomic():
        for each in outlines:
            if Source.objects.filter(url=each.url).exists():
                continue
            slug, number = each.slug, 1
            while Source.objects.filter(slug=slug).exists():
                number += 1
                slug = f"{each.slug[:75]}-{number}"
            Source.objects.create(
                slug=slug, name=each.name, format=each.format, url=each.url, homepage=each.homepage,
                interval=dt.timedelta(hours=each.hours), active=each.active,
            )  # fmt: skip
            added.append(slug)
    return added


def _health(source: Source) -> str:
    if source.stopped_because:
        return f"stopped ({source.stopped_because})"
    if not source.active:
        return "not active"
    if not source.url:
        return "handed in by file"
    last = f"last success {source.last_success_at:%Y-%m-%d %H:%M}" if source.last_success_at else "no success yet"
    failing = f", {source.failures} failures in a row" if source.failures else ""
    following = f", next at {source.next_poll_at:%Y-%m-%d %H:%M} UTC" if source.next_poll_at else ", due now"
    return f"{last}{failing}{following}"
