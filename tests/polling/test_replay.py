"""Two years of Hugging Face answers, replayed twice, some of them malformed."""

import datetime as dt
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from digest import papers
from digest.models import Paper, Source
from digest.sources import parsing
from digest.sources.entries import Entry, ParseError

pytestmark = pytest.mark.django_db
FIRST = dt.date(2024, 3, 1)
DAYS = 730


def _days() -> Iterator[tuple[dt.date, bytes, set[str]]]:
    """Each day's answer, and the titles that must be stored from it; a paper comes back a few days later with more votes."""
    chance = random.Random(5)
    recent: list[dict[str, Any]] = []
    for number in range(DAYS):
        day = FIRST + dt.timedelta(days=number)
        fresh = [
            {
                "id": f"{day:%y%m}.{day.day * 1000 + index:05}",
                "title": f"Paper {index} of {day}",
                "summary": f"What paper {index} of {day} says.",
                "authors": [{"name": f"Author {index}"}],
                "publishedAt": f"{day}T00:00:00.000Z",
                "upvotes": chance.randrange(100),
            }
            for index in range(3)
        ]
        again = [paper | {"upvotes": paper["upvotes"] + 1} for paper in chance.sample(recent, min(2, len(recent)))]
        listed: list[Any] = [{"paper": paper} for paper in fresh + again]
        body = json.dumps(listed).encode()
        titles = {str(paper["title"]) for paper in fresh}
        match number % 50:
            case 10:
                body, titles = body[: len(body) // 2], set()
            case 20:
                body = json.dumps([*listed, None, {"paper": {"id": 7, "title": ["x"]}}, "x"]).encode()
            case 30:
                body, titles = b"<html>Bad gateway</html>", set()
        recent = (recent + (fresh if titles else []))[-12:]
        yield day, body, titles


@pytest.mark.long
def test_nothing_is_lost_or_doubled() -> None:
    source = Source.objects.create(slug="hf", name="HF", format="huggingface")
    wanted: set[str] = set()
    read: list[Entry] = []
    new = unread = 0
    for day, body, titles in _days():
        try:
            entries = parsing.read("huggingface", body).entries
        except ParseError:
            unread += 1
            continue
        new += papers.store(entries, source, dt.datetime.combine(day, dt.time(12), dt.UTC)).new
        read += entries
        wanted |= titles
    assert (new, unread) == (len(wanted), 29)
    # The second time as a backfill hands them in: many days at once.
    again = dt.datetime.combine(FIRST, dt.time(12), dt.UTC) + dt.timedelta(days=2 * DAYS)
    assert [papers.store(read[at : at + 50], source, again).new for at in range(0, len(read), 50)] == [0] * -(-len(read) // 50)
    assert set(Paper.objects.values_list("title", flat=True)) == wanted
    assert Paper.objects.count() == len(wanted)
