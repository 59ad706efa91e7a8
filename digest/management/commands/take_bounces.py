"""manage.py take_bounces: the intake of what comes back: from a pipe, a Maildir, over LMTP, or from an IMAP mailbox."""

import asyncio
import contextlib
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.utils import timezone

from digest import intake
from digest.intake import imap, lmtp
from digest.intake.taking import LARGEST


class Command(BaseCommand):
    help = (
        "Take bounces, complaints and answers: one message from standard input (the default, for a mail server's pipe), what "
        "is new in a Maildir or in the IMAP mailbox of BOUNCES_IMAP_URL, or whatever a mail server hands over by LMTP. Taking "
        "a message again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--pipe", action="store_true", help="read one message from standard input (default)")
        ways.add_argument("--maildir", type=Path, help="take what is new in this Maildir")
        ways.add_argument("--imap", action="store_true", help="take what is new in the mailbox of BOUNCES_IMAP_URL")
        ways.add_argument("--lmtp", metavar="PLACE", help="listen at unix:/PATH or 127.0.0.1:PORT until stopped")
        parser.add_argument(
            "--recipient", default="", help="with a pipe: the envelope's recipient, as the mail server knows it"
        )

    def handle(self, *_: object, **options: Any) -> None:
        try:
            if options["lmtp"]:
                self._listen(options["lmtp"])
            elif options["imap"]:
                for taken in imap.visit(imap.Mailbox.parse(settings.BOUNCES_IMAP_URL), timezone.now()):
                    self._say(taken)
            elif options["maildir"] is not None:
                self._read(options["maildir"])
            else:
                self._say(intake.take(sys.stdin.buffer.read(), timezone.now(), options["recipient"]))
        except (lmtp.Unclear, imap.Unclear) as error:
            raise CommandError(str(error)) from error
        except (Error, OSError) as error:
            # sysexits.h: the mail server keeps the message and tries again.
            raise CommandError(f"It could not be taken now: {error}", returncode=os.EX_TEMPFAIL) from error

    def _listen(self, where: str) -> None:
        place = lmtp.Place.parse(where)
        asyncio.run(lmtp.serve(place, timezone.now, lambda: self.stdout.write(f"Taking messages by LMTP at {where}.")))

    def _read(self, folder: Path) -> None:
        if not (folder / "new").is_dir():
            raise CommandError(f"{folder} is not a Maildir: it has no directory `new`.")
        untaken = []
        new = [path for path in (folder / "new").iterdir() if not path.is_dir() and not path.name.startswith(".")]
        for path in sorted(new, key=lambda each: each.name):
            try:
                self._say(intake.take(_octets(path), timezone.now()))
            except OSError as error:
                if isinstance(error, FileNotFoundError) and not path.is_symlink():
                    continue  # somebody else took it meanwhile
                # One that cannot be read, or be passed on, keeps no other from being taken.
                untaken.append(f"{path.name} ({error.strerror or error})")
                continue
            # Marked only once it is committed: what a crash leaves behind is taken again.
            with contextlib.suppress(FileNotFoundError):
                path.rename(folder / "cur" / f"{path.name.partition(':')[0]}:2,S")
        if untaken:
            raise OSError(f"{len(untaken)} stay where they are: {', '.join(untaken)}")

    def _say(self, taken: intake.Taken) -> None:
        self.stdout.write(f"{taken.kind}: {taken.done}")


def _octets(path: Path) -> bytes:
    """The message, or as much of it as is ever read: one octet more than is taken, so that it shows that there was more."""
    with path.open("rb") as message:
        return message.read(LARGEST + 1)
