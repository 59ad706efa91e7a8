"""manage.py deliveries: the ledger by state, or one recipient's story."""

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import timedelta
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from digest.delivery import levers
from digest.models import Delivery


class Command(BaseCommand):
    help = (
        "Count deliveries by state, the uncertain ones by what they wait for; or, with an address, tell what became of "
        "everything sent to it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", help="tell the story of this recipient")
        parser.add_argument("--days", type=int, help="count only those of so many days past")

    def handle(self, *_: object, **options: Any) -> None:
        # A relay's words may hold brackets and colons, which are its own and no styles or pictures.
        console = Console(file=cast(IO[str], self.stdout), width=160, markup=False, emoji=False)
        if options["address"]:
            self._story(console, options["address"])
        else:
            self._counts(console, options["days"])

    def _counts(self, console: Console, days: int | None) -> None:
        since = timezone.now() - timedelta(days=days) if days else None
        counts = levers.counts(since)
        table = Table("state", "deliveries")
        for state in Delivery.State:
            table.add_row(state.label, str(counts.get(state.value, 0)))
        console.print(table)
        self._doubtful(console, levers.doubtful(since))
        for brake in levers.standing():
            until = f", one message may try at {brake.until:%Y-%m-%d %H:%M} UTC" if brake.until else ""
            console.print(f"Stopped since {brake.since:%Y-%m-%d %H:%M} UTC: {brake}{until}", soft_wrap=True)

    def _doubtful(self, console: Console, doubtful: Sequence[levers.Doubtful]) -> None:
        """The uncertain ones: which are held, and why, and which are sent once more by themselves."""
        if not doubtful:
            return
        table = Table("of the uncertain", "deliveries", "what acts on them", show_lines=True)
        for each in doubtful:
            first = f", the first after {each.first_at:%Y-%m-%d %H:%M} UTC" if each.first_at else ""
            table.add_row(f"{each.doubt.label}{first}", str(each.number), each.doubt.acts())
        console.print(table)

    def _story(self, console: Console, address: str) -> None:
        told = levers.story(address)[:100]
        if not told:
            raise CommandError(f"Nothing was ever to be sent to {address}.")
        for delivery in told:
            what = f"notice: {delivery.notice.kind}" if delivery.notice else f"issue {delivery.issue and delivery.issue.number}"
            title = f"{what}, made {delivery.created_at:%Y-%m-%d %H:%M} UTC, number {delivery.pk}, {delivery.message_id}"
            table = Table(
                "when (UTC)", "attempt", "became", "how far", "the relay's words", "why", title=title, title_justify="left"
            )
            for line in levers.told(delivery):
                when = f"{line.at:%Y-%m-%d %H:%M:%S}" if line.at else "now"
                number = str(line.attempt) if line.attempt else ""
                table.add_row(when, number, line.state, line.stage, line.reply, line.why)
            console.print(table)
            if (doubt := levers.in_doubt(delivery)) is not None:
                console.print(f"Number {delivery.pk}: {doubt.acts(delivery.pk)}.", soft_wrap=True)
