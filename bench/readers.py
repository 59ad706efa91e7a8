"""Simulated readers from a folder of Hugging Face daily answers: a keyword nobody shows the ranker is what a reader cares for.

    folder of YYYY-MM-DD.json -> papers by week -> readers, each with three likes and the weeks that follow

A reader stands for one of the answers' `ai_keywords`, matched without regard to case, that enough papers carry. What the reader
likes are the first three of those papers; every later week that holds another one is a question to the ranker, with the week's
papers as candidates.
"""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest.ranking import Paper

LIKES = 3
_LEAST_PAPERS, _LEAST_PAPERS_OF_A_LONG_FOLDER = 5, 8
_LONG_FOLDER = dt.timedelta(days=92)


class BadCorpus(ValueError):
    """A folder that cannot be measured with; the message names the folder or file and what is expected."""


@dataclass(frozen=True, slots=True)
class Week:
    """The papers of one ISO week, `ends` (exclusive) in epoch seconds, and how many papers of the corpus came before it."""

    before: int
    papers: tuple[Paper, ...]
    ends: float


@dataclass(frozen=True, slots=True)
class Reader:
    """A hidden keyword, the places of its papers in the corpus, oldest first, and the weeks to ask about."""

    keyword: str
    papers: tuple[int, ...]
    weeks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Papers in the order of their days (a paper's id is its place), cut into weeks, and the readers found in them."""

    days: int
    papers: tuple[Paper, ...]
    weeks: tuple[Week, ...]
    readers: tuple[Reader, ...]

    def relevant(self, reader: Reader, week: int) -> frozenset[int]:
        """The reader's papers of that week."""
        first = self.weeks[week].before
        return frozenset(place for place in reader.papers if first <= place < first + len(self.weeks[week].papers))


def load(folder: Path, most: int) -> Corpus:
    """Read a folder, with at most `most` readers, taken evenly from all in alphabetical order.

    BadCorpus when it holds no answers, one that cannot be read, or too few papers for a reader.
    """
    days = sorted((_day(path), path) for path in folder.glob("*.json"))
    if not days:
        raise BadCorpus(f"{folder} holds no *.json; give a folder of daily answers named YYYY-MM-DD.json")
    papers: list[Paper] = []
    holders: dict[str, list[int]] = defaultdict(list)
    weeks: dict[dt.date, list[int]] = defaultdict(list)
    known: set[str] = set()
    for day, path in days:
        for raw in _answers(path):
            if raw["id"] in known:
                continue
            known.add(raw["id"])
            place = len(papers)
            papers.append(_paper(raw, place, day))
            weeks[day - dt.timedelta(days=day.weekday())].append(place)
            for keyword in sorted({word.casefold().strip() for word in _list(raw.get("ai_keywords")) if isinstance(word, str)}):
                holders[keyword].append(place)
    cut = tuple(
        Week(places[0], tuple(papers[place] for place in places), _epoch(monday + dt.timedelta(days=7)))
        for monday, places in sorted(weeks.items())
    )
    least = _LEAST_PAPERS_OF_A_LONG_FOLDER if days[-1][0] - days[0][0] > _LONG_FOLDER else _LEAST_PAPERS
    readers = _readers(holders, cut, least)
    if not readers:
        raise BadCorpus(
            f"{folder}: no keyword of its {len(papers)} papers makes a reader ({least} papers, some in a later week)"
        )
    if len(readers) > most:
        readers = tuple(readers[n * len(readers) // most] for n in range(most))
    return Corpus(len(days), tuple(papers), cut, readers)


def _readers(holders: Mapping[str, Sequence[int]], weeks: Sequence[Week], least: int) -> tuple[Reader, ...]:
    readers = []
    for keyword, places in sorted(holders.items()):
        if len(places) < least or not keyword:
            continue
        week_of = [next(n for n, week in enumerate(weeks) if place < week.before + len(week.papers)) for place in places]
        later = tuple(sorted({week for week in week_of if week > week_of[LIKES - 1]}))
        if later:
            readers.append(Reader(keyword, tuple(places), later))
    return tuple(readers)


def _day(path: Path) -> dt.date:
    try:
        return dt.date.fromisoformat(path.stem)
    except ValueError:
        raise BadCorpus(f"{path}: name a day's answer YYYY-MM-DD.json") from None


def _answers(path: Path) -> list[dict[str, Any]]:
    """The papers of a day. What is no list is a day without any; items without a paper or its id are passed over."""
    try:
        items = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadCorpus(f"{path} is no answer of /api/daily_papers: {error}") from error
    papers = [item.get("paper") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [paper for paper in papers if isinstance(paper, dict) and isinstance(paper.get("id"), str) and paper["id"]]


def _paper(raw: Mapping[str, Any], place: int, day: dt.date) -> Paper:
    return Paper(
        id=place,
        revision=1,
        title=_text(raw.get("title")),
        abstract=_text(raw.get("summary")),
        authors=tuple(
            filter(None, (_text(author.get("name")) for author in _list(raw.get("authors")) if isinstance(author, dict)))
        ),
        upvotes=_count(raw.get("upvotes")),
        stars=_count(raw.get("githubStars")),
        announced_at=_epoch(day),
        listed_at=_epoch(day),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: object) -> int:
    return max(value, 0) if isinstance(value, int) else 0


def _epoch(day: dt.date) -> float:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp()
