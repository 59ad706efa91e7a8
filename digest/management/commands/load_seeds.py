"""Load the topics and sources that an empty database starts from."""

import datetime as dt
import tomllib
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from digest import papers
from digest.environment import BASE
from digest.models import Source
from digest.sources import opml
from subscriptions.models import Topic

SEEDS = BASE / "seeds"


class Command(BaseCommand):
    help = "Load topics and sources from seeds/. What is there already is left as it is, edits and all; doing it again is safe."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="say nothing when there was nothing to load")

    def handle(self, *args: Any, quiet: bool = False, **options: Any) -> None:
        with transaction.atomic():
            topics, sources = load_topics(), load_sources()
        matched = papers.retopic() if topics else 0
        if topics or sources or not quiet:
            self.stdout.write(
                f"Loaded {topics} topics and {sources} sources; {Topic.objects.count()} topics and"
                f" {Source.objects.count()} sources stand." + (f" Matched {matched} papers anew." if matched else "")
            )


def load_topics() -> int:
    """Create the topics that are missing; returns how many."""
    with (SEEDS / "topics.toml").open("rb") as file:
        listed = tomllib.load(file)["topic"]
    known = set(Topic.objects.values_list("slug", flat=True))
    missing = [Topic(**topic) for topic in listed if topic["slug"] not in known]
    return len(Topic.objects.bulk_create(missing))


def load_sources() -> int:
    """Create the sources that are missing by slug; returns how many."""
    outlines = opml.parse((SEEDS / "sources.opml").read_bytes())
    known = set(Source.objects.values_list("slug", flat=True))
    missing = [
        Source(
            slug=each.slug,
            name=each.name,
            format=each.format,
            url=each.url,
            homepage=each.homepage,
            interval=dt.timedelta(hours=each.hours),
            active=each.active,
        )
        for each in outlines
        if each.slug not in known
    ]
    return len(Source.objects.bulk_create(missing))
