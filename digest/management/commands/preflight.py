"""manage.py preflight: may we send in bulk?"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest import preflight


class Command(BaseCommand):
    help = (
        "Check what receivers ask of bulk senders (SPF, DKIM, DMARC, PTR, TLS, one-click, complaints, sizes), with how to mend."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line: check, level, found, mend")

    def handle(self, *_: object, **options: Any) -> None:
        findings = preflight.run(preflight.Internet(), timezone.now())
        for each in findings:
            if options["json"]:
                said = {"check": each.check, "level": each.level.value, "found": each.found, "mend": each.mend}
                self.stdout.write(json.dumps(said, ensure_ascii=False))
            else:
                mend = f"\n         {each.mend}" if each.mend else ""
                self.stdout.write(f"{each.level.value:8} {each.check}: {each.found}{mend}")
        fatal = [each.check for each in findings if each.level is preflight.Level.FATAL]
        if fatal:
            raise CommandError(f"Not fit for bulk sending: {', '.join(fatal)}.")
