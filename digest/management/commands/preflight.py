"""manage.py preflight: may we send in bulk?"""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest import preflight
from digest.preflight import Finding, Level
from digest.smtp import Relay, RelayUnclear


class Command(BaseCommand):
    help = (
        "Check what receivers ask of bulk senders (SPF, DKIM, DMARC, PTR, TLS, one-click, conduct), with how to mend it. The "
        "result is kept, and holds issues back while something is fatal if PREFLIGHT is on. "
        "With --send-to, send yourself a message; with --received, check how it arrived."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line: check, level, found, mend")
        parser.add_argument(
            "--send-to", metavar="ADDRESS", help="send a message of ours to this mailbox of yours, and check nothing"
        )
        parser.add_argument(
            "--received", type=Path, metavar="FILE", help="check that message as it arrived; - reads standard input"
        )

    def handle(self, *_: object, **options: Any) -> None:
        if options["send_to"]:
            self._send(options["send_to"])
            return
        world = preflight.Internet()
        if options["received"]:
            findings = list(preflight.received(world, self._read(options["received"])))
        else:
            now = timezone.now()
            findings = preflight.run(world, now)
            if settings.PREFLIGHT:
                preflight.keep(findings, now, "command")
        self._tell(findings, as_json=options["json"])
        fatal = [each.check for each in findings if each.level is Level.FATAL]
        if fatal:
            raise CommandError(f"Not fit for bulk sending: {', '.join(fatal)}.")

    def _tell(self, findings: Sequence[Finding], *, as_json: bool) -> None:
        for each in findings:
            if as_json:
                said = {"check": each.check, "level": each.level.value, "found": each.found, "mend": each.mend}
                self.stdout.write(json.dumps(said, ensure_ascii=False))
            else:
                mend = f"\n         {each.mend}" if each.mend else ""
                self.stdout.write(f"{each.level.value:8} {each.check}: {each.found}{mend}")

    def _send(self, recipient: str) -> None:
        try:
            envelope_sender, content = preflight.probe(recipient, timezone.now())
            preflight.Internet().send(Relay.parse(settings.SMTP_URL), envelope_sender, recipient, content)
        except (RelayUnclear, ValueError, OSError) as error:
            raise CommandError(f"Nothing was sent to {recipient}: {error}") from error
        self.stdout.write(
            f"Sent to {recipient}. Save it there as a file, header and all, and run `manage.py preflight --received FILE`."
        )

    def _read(self, path: Path) -> bytes:
        try:
            return Path("/dev/stdin" if str(path) == "-" else path).read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
