"""manage.py take_bounces: the intake of what comes back, from a pipe or a Maildir."""

import mailbox
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from digest import bounces


class Command(BaseCommand):
    help = (
        "Record bounces and complaints: one message from standard input, or all that is new in a Maildir, which is then seen."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--maildir", type=Path, help="take what is new in this Maildir instead of standard input")
        parser.add_argument("--recipient", default="", help="the envelope recipient, as a pipe's mail server knows it")

    def handle(self, *_: object, **options: Any) -> None:
        if options["maildir"] is None:
            self._take(sys.stdin.buffer.read(), options["recipient"])
            return
        if not (options["maildir"] / "new").is_dir():
            raise CommandError(f"{options['maildir']} is not a Maildir: it has no directory `new`.")
        box = mailbox.Maildir(options["maildir"], create=False)
        for key, message in list(box.items()):
            if message.get_subdir() == "new":
                self._take(box.get_bytes(key), "")
                # Marked only once it is recorded: what a crash leaves behind is taken again.
                message.set_subdir("cur")
                message.add_flag("S")
                box[key] = message

    def _take(self, octets: bytes, recipient: str) -> None:
        recorded = bounces.record(octets, timezone.now(), recipient)
        self.stdout.write(f"{recorded.judgement.verdict.value} ({recorded.judgement.why}): {recorded.done}")
