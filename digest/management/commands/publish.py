"""manage.py publish: publish what is due, or one subscription's issue now; or show what would be published."""

import datetime as dt
from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from digest import issues
from digest.issues.choosing import Draft
from digest.models import Paper
from subscriptions.models import Subscription

BATCH = 500
_TITLES = 3


def instant(text: str) -> dt.datetime:
    """An ISO 8601 instant with its zone; CommandError otherwise."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is not an instant. Write it as 2026-03-16T07:00+01:00.") from error
    if at.tzinfo is None:
        raise CommandError(f"{text!r} has no zone. Add one, for example {text}+01:00 or {text}Z.")
    return at.astimezone(dt.UTC)


class Command(BaseCommand):
    help = "Publish the issues that are due, or with --subscription this week's issue of a subscription now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", metavar="INSTANT", help="publish as of this instant (ISO 8601 with zone) instead of now")
        parser.add_argument(
            "--subscription", metavar="ID", type=int, action="append", help="only this one, due or not; may be repeated"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would be published, and write nothing")

    def handle(self, *_: object, **options: Any) -> None:
        now = timezone.now()
        at = instant(options["at"]) if options["at"] else now
        if at > now and not options["dry_run"]:
            raise CommandError(f"{options['at']} lies ahead. Add --dry-run to see what would be published then.")
        wanted: list[int] | None = options["subscription"]
        self._check(wanted or [])
        if options["dry_run"]:
            self._show(issues.preview(at, wanted, BATCH), at, wanted)
        elif wanted is None:
            self._publish_due(at)
        else:
            self._report(issues.publish(wanted, at))

    def _check(self, wanted: list[int]) -> None:
        missing = set(wanted) - set(Subscription.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        if missing:
            raise CommandError(f"There is no subscription {', '.join(map(str, sorted(missing)))}.")

    def _publish_due(self, at: dt.datetime) -> None:
        while True:
            done = issues.publish_due(at, BATCH)
            self._report(done)
            if done.claimed < BATCH:
                return

    def _report(self, done: issues.Published) -> None:
        self.stdout.write(f"{done.claimed} claimed, {done.published} published, {done.skipped} skipped.")
        for subscription_id, why in done.refused.items():
            self.stdout.write(f"Subscription {subscription_id}: {why}.")

    def _show(self, prepared: issues.Prepared, at: dt.datetime, wanted: list[int] | None) -> None:
        titles = dict(
            Paper.objects.filter(pk__in={each for draft in prepared.drafts for each in draft.paper_ids}).values_list(
                "pk", "title"
            )
        )
        table = Table("Subscription", "Due", "Window", "No.", "Papers", "First titles, or why none", title="Nothing is written")
        for draft in prepared.drafts:
            table.add_row(*_row(draft, titles))
        for subscription_id, why in prepared.refused.items():
            table.add_row(str(subscription_id), "", "", "", "", why)
        Console(file=cast(IO[str], self.stdout), width=None if self.stdout.isatty() else 160).print(table)
        more = 0 if wanted is not None else Subscription.objects.due(at).count() - BATCH
        if more > 0:
            self.stdout.write(f"{more} more are due.")


def _row(draft: Draft, titles: dict[int, str]) -> tuple[str, ...]:
    made = draft.assignment
    first = "\n".join(titles[each] for each in draft.paper_ids[:_TITLES])
    return (
        str(made.subscription.pk),
        f"{made.due_at:%Y-%m-%d %H:%M}Z",
        f"{made.window_start:%Y-%m-%d %H:%M}Z to\n{made.window_end:%Y-%m-%d %H:%M}Z",
        str(draft.number or ""),
        str(len(draft.paper_ids)),
        draft.skip or first,
    )
