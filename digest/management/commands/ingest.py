"""Read files of papers into the database."""

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from digest import search
from digest.management.databases import answering
from digest.models import Source
from digest.papers.handed_in import hand_in
from digest.sources import reading
from digest.sources.entries import ParseError
from digest.sources.parsing import LARGEST
from digest.sources.pool import Pool


class Command(BaseCommand):
    help = (
        "Read files of papers: saved Daily Papers pages, RSS, Atom, JSON Feed, OAI-PMH, Hugging Face answers. "
        "Each file is stored whole or not at all; papers "
        "that are known already keep their first announcement. Exit status 1 when a file could not be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument("--format", choices=reading.FORMATS, default="auto")
        parser.add_argument(
            "--date",
            type=_day,
            metavar="YYYY-MM-DD",
            help="the day on which new papers count as announced (default: the file's)",
        )
        parser.add_argument("--source", metavar="SLUG", help="the source the files came from (default: one for each format)")
        parser.add_argument("--json", action="store_true", help="one JSON object for each file")

    def handle(self, *args: Any, **options: Any) -> None:
        files: list[Path] = options["files"]
        now = timezone.now()
        unread = 0
        self._pool = Pool()
        try:
            with (
                answering(),
                Progress(console=Console(stderr=True), transient=True, disable=not self.stderr.isatty()) as progress,
            ):
                source = _source(options["source"])
                for path in progress.track(files, description="Reading"):
                    unread += not self._ingest(path, source, now, options)
                # What was handed in by hand is looked for at once; the beat would read it some seconds later.
                search.refresh_all()
        finally:
            self._pool.close()
        if unread:
            raise CommandError(f"{unread} of {len(files)} files could not be read; the others are stored.", returncode=1)

    def _ingest(self, path: Path, source: Source | None, now: dt.datetime, options: dict[str, Any]) -> bool:
        try:
            body = _octets(path)
            found = reading.read(body, options["format"], "", today=now.date(), date=options["date"], reader=self._pool.read)
        except ParseError as error:
            self.stderr.write(f"{path}: {error}")
            if options["json"]:
                self._object(path, options["format"], [], error=str(error))
            return False
        stored = hand_in(found.entries, found.format, len(body), now, options["date"], source, found.flaw)
        if options["json"]:
            refused = [asdict(refusal) for refusal in stored.refused]
            self._object(path, found.format, refused, entries=len(found.entries), new=stored.new, known=stored.known)
        else:
            self.stdout.write(
                f"{path}: {found.format}, {len(found.entries)} entries: {stored.new} new, {stored.known} known,"
                f" {len(stored.refused)} refused"
            )
            for refusal in stored.refused:
                self.stdout.write(f"  refused {refusal.title!r}: {refusal.why}")
        for note in stored.notes:
            self.stderr.write(f"{path}: {note}")
        if options["date"] and stored.known:
            self.stderr.write(f"{path}: {stored.known} known papers keep the day on which they were first announced")
        return True

    def _object(
        self, path: Path, form: str, refused: list[Any], *, entries: int = 0, new: int = 0, known: int = 0, error: str = ""
    ) -> None:
        said = {"file": str(path), "format": form, "entries": entries, "new": new, "known": known, "refused": refused}
        self.stdout.write(json.dumps(said | ({"error": error} if error else {}), ensure_ascii=False))


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _source(slug: str | None) -> Source | None:
    if slug is None:
        return None
    found = Source.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no source {slug!r}. `manage.py sources list` shows them all.")
    return found


def _octets(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ParseError("it is a directory, not a file")
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise ParseError(f"it cannot be read ({error.strerror or error})") from error
