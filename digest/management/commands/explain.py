"""manage.py explain: every candidate of a subscription's issue, with the terms of its score."""

import json
from argparse import ArgumentParser
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from digest.issues import explaining
from digest.issues.explaining import Explanation
from digest.issues.frozen import NeverRanked
from digest.management.commands.publish import instant
from digest.models import Issue
from subscriptions.models import Subscription

_WIDTH_OF_A_FILE = 200


class Command(BaseCommand):
    help = "Show every candidate of a subscription's next issue, or of one that was published, with the terms of its score."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subscription", type=int, help="the subscription's id")
        when = parser.add_mutually_exclusive_group()
        when.add_argument("--at", metavar="INSTANT", help="as if published at this instant (ISO 8601 with zone) instead of now")
        when.add_argument("--number", type=int, metavar="N", help="the issue of this number, from what was frozen with it")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: object, **options: Any) -> None:
        try:
            explanation = self._explanation(options)
        except (explaining.NothingToExplain, NeverRanked, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(explanation), ensure_ascii=False))
        else:
            self._print(explanation)

    def _explanation(self, options: dict[str, Any]) -> Explanation:
        id_, number = options["subscription"], options["number"]
        subscription = Subscription.objects.select_related("subscriber").filter(pk=id_).first()
        if subscription is None:
            raise CommandError(f"There is no subscription {id_}.")
        if number is None:
            return explaining.explain(subscription, instant(options["at"]) if options["at"] else timezone.now())
        issue = Issue.objects.filter(subscription=subscription, number=number).first()
        if issue is None:
            raise CommandError(f"Subscription {id_} has no issue number {number}.")
        return explaining.explain_issue(issue)

    def _print(self, explanation: Explanation) -> None:
        start, end = explanation.window
        given = explanation.inputs
        words = f"words as in {given.model.version}" if given.model else "words as in the candidates"
        self.stdout.write(
            f"Listed from {start:%Y-%m-%d %H:%M}Z to {end:%Y-%m-%d %H:%M}Z; "
            f"weights version {given.configuration.version}; {words}."
        )
        table = Table("Paper", "Standing", "Score", "Terms", box=None, pad_edge=False)
        for each in explanation.candidates:
            terms = "\n".join(f"{term.value:+.4f} {term.name}: {term.words}" for term in each.terms)
            table.add_row(f"{each.paper.id} {escape(each.paper.title)}", each.standing, f"{each.score:.4f}", escape(terms))
        Console(file=cast(IO[str], self.stdout), width=None if self.stdout.isatty() else _WIDTH_OF_A_FILE).print(table)


def _as_json(explanation: Explanation) -> dict[str, Any]:
    start, end = explanation.window
    return {
        "window": [start.isoformat(), end.isoformat()],
        "configuration": explanation.inputs.configuration.version,
        "considered": explanation.slate.considered,
        "excluded": dict(explanation.slate.excluded),
        "trending_only": explanation.slate.trending_only,
        "candidates": [
            {
                "paper": each.paper.id,
                "title": each.paper.title,
                "standing": each.standing,
                "score": each.score,
                "terms": [term.as_json() for term in each.terms],
            }
            for each in explanation.candidates
        ],
    }
