"""manage.py classify_bounce: what we make of messages that came back, without acting on them."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from digest import bounces


class Command(BaseCommand):
    help = "Say for each file whether it is a bounce, a complaint or neither, and why. Nothing is recorded."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object a line: file, class, status, recipients, why")

    def handle(self, *_: object, **options: Any) -> None:
        failed = False
        for name in options["files"]:
            try:
                judgement = bounces.classify(Path(name).read_bytes())
            except OSError as error:
                self.stderr.write(f"{name}: {error.strerror}")
                failed = True
                continue
            if options["json"]:
                said = {
                    "file": name,
                    "class": judgement.verdict.value,
                    "status": judgement.status,
                    "recipients": list(judgement.recipients),
                    "why": judgement.why,
                }
                self.stdout.write(json.dumps(said, ensure_ascii=False))
            else:
                self.stdout.write(f"{name}: {judgement.verdict.value} {judgement.status} ({judgement.why})")
        if failed:
            raise CommandError("Some files could not be read.")
