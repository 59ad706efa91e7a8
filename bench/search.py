"""How long a search takes beside the plain full-text query alone, over many papers.

    .venv/bin/python -m bench.search [--papers 500000] [--queries 200] [--rounds 2] [--json]

The papers are made up: titles of nine words, abstracts of 150, whose frequencies follow Zipf's law over 20,000 words, and one
word in each abstract that hardly any other has; where the dense extra is installed each has a vector too, in 200 clusters.
Queries are one to three words of some title; every fifth has a letter wrong, every tenth asks for two words as a phrase. Both
sides answer each query in turn: `find`, which mends, weighs, marks and loads a page; and `plain`, the first twenty ids that
PostgreSQL's full-text search returns for the same words, ranked. `similar` is the time that the papers like a paper take.
Exit status 1 when find's 95th percentile is more than twice plain's. It works in a scratch
database of its own.
"""

import argparse
import datetime as dt
import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from bench import own

own.set_up()

from django.db import connection  # noqa: E402 - Django must be set up first
from rich.console import Console  # noqa: E402
from rich.progress import Progress  # noqa: E402

from bench import scratch  # noqa: E402
from digest import search  # noqa: E402
from digest.ranking import dense  # noqa: E402
from digest.ranking.meaning import Vectors  # noqa: E402
from digest.search import keeping, matching, vectors  # noqa: E402

NOW = scratch.MONDAY
AT_MOST = 2.0
_TITLE, _ABSTRACT, _CHUNK, _CLUSTERS = 9, 150, 5000, 200
_LETTERS = "abcdefghilmnoprstuv"
_SPAN_DAYS = 3 * 365
_PLAIN = """
SELECT paper_id FROM digest_papersearch WHERE document @@ websearch_to_tsquery('digest_prose', %(typed)s)
ORDER BY ts_rank(%(weights)s, document, websearch_to_tsquery('digest_prose', %(typed)s)) DESC, paper_id DESC LIMIT 20
"""
_INDEXES = ("search_title", "search_document")


def build(count: int, progress: Progress) -> float:
    """Store `count` papers as search reads them; returns the seconds it took."""
    begun = time.perf_counter()
    generator, random_ = np.random.default_rng(1), random.Random(1)
    vocabulary = np.array(scratch.words(random_))
    weights = 1 / np.arange(1, len(vocabulary) + 1)
    weights /= weights.sum()
    bar = progress.add_task("Papers", total=count)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE digest_paper DISABLE TRIGGER search_paper_added")
        # As anyone would who loads so many at once: the indexes are built when the rows are there.
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [list(_INDEXES)])
        definitions = [definition for (definition,) in cursor.fetchall()]
        cursor.execute(f"DROP INDEX {', '.join(_INDEXES)}")
        for start in range(0, count, _CHUNK):
            many = min(_CHUNK, count - start)
            drawn = vocabulary[generator.choice(len(vocabulary), (many, _TITLE + _ABSTRACT), p=weights)]
            _copy(drawn, start, count, random_)
            cursor.execute("SELECT id FROM digest_paper ORDER BY id DESC LIMIT %s", [many])
            ids = sorted(pk for (pk,) in cursor.fetchall())
            keeping.read(ids)
            if dense.installed():
                vectors.store([(pk, 1) for pk in ids], _vectors(many, generator), dense.model())
            progress.advance(bar, many)
        for definition in definitions:
            cursor.execute(definition)
        cursor.execute("ALTER TABLE digest_paper ENABLE TRIGGER search_paper_added")
        cursor.execute("ANALYZE")
    return time.perf_counter() - begun


def _copy(drawn: npt.NDArray[np.str_], start: int, count: int, random_: random.Random) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY digest_paper (title, abstract, title_source, abstract_source, authors, categories, keywords, url, pdf_url,"
            " links, journal_reference, organisation, upvotes, stars, announced_at, listed_at, text_rank, revision) FROM STDIN"
        ) as copy,
    ):
        for place, row in enumerate(drawn.tolist(), start):
            title, abstract = (
                " ".join(row[:_TITLE]).capitalize(),
                f"{' '.join(row[_TITLE:])} {''.join(random_.choices(_LETTERS, k=9))}.",
            )
            at = NOW - dt.timedelta(days=_SPAN_DAYS * (1 - place / count))
            authors = [f"{row[0].capitalize()} {row[-1].capitalize()}", f"{row[1].capitalize()} {row[-2].capitalize()}"]
            copy.write_row((title, abstract, "-", "-", authors, [], [], "", "", "[]", "", "", 0, 0, at, at, 0, 1))


def _vectors(count: int, generator: np.random.Generator) -> Vectors:
    centres = np.random.default_rng(2).standard_normal((_CLUSTERS, dense.SIZE), np.float32)
    rows = centres[generator.integers(0, _CLUSTERS, count)] + generator.standard_normal((count, dense.SIZE), np.float32)
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def queries(count: int) -> list[str]:
    """Queries as people type them, from the titles of papers."""
    random_ = random.Random(3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM digest_paper ORDER BY md5(id::text) LIMIT %s", [count])
        titles = [title.lower().split() for (title,) in cursor.fetchall()]
    return [_query(title, number, random_) for number, title in enumerate(titles)]


def _query(title: Sequence[str], number: int, random_: random.Random) -> str:
    if number % 10 == 3:
        at = random_.randrange(len(title) - 1)
        return f'"{title[at]} {title[at + 1]}"'
    words = random_.sample(title, random_.choices((1, 2, 3), (4, 4, 2))[0])
    if number % 5 == 4:
        long = max(words, key=len)
        at = random_.randrange(1, len(long) - 1)
        words[words.index(long)] = long[:at] + long[at + 1 :]
    return " ".join(words)


def plain(typed: str) -> None:
    """The full-text query alone."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAIN, {"typed": typed, "weights": matching.WEIGHTS})
        cursor.fetchall()


def ours(typed: str) -> None:
    """A whole search, its first page loaded and marked."""
    search.find(typed, search.Filters(), NOW)


def measure(asked: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each side for each query, the sides taking turns in going first; a query's figure is its least."""
    for typed in asked[:10]:
        plain(typed)
        ours(typed)
    sides = (("plain", plain), ("find", ours))
    took: dict[str, list[float]] = {"plain": [], "find": []}
    for number, typed in enumerate(asked):
        least = {"plain": float("inf"), "find": float("inf")}
        for turn in range(rounds):
            for name, side in sides if (number + turn) % 2 else reversed(sides):
                begun = time.perf_counter()
                side(typed)
                least[name] = min(least[name], 1000 * (time.perf_counter() - begun))
        for name, milliseconds in least.items():
            took[name].append(milliseconds)
    return took


def alike(count: int) -> list[float]:
    """Milliseconds that the papers like a paper take."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM digest_paper ORDER BY md5(id::text) LIMIT %s", [count])
        papers = [pk for (pk,) in cursor.fetchall()]
    took = []
    for pk in papers:
        begun = time.perf_counter()
        search.similar(pk)
        took.append(1000 * (time.perf_counter() - begun))
    return took


def figures(took: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took, n=20)
    return {"p50_ms": round(statistics.median(took), 2), "p95_ms": round(cuts[18], 2), "most_ms": round(max(took), 2)}


def sizes() -> Iterator[tuple[str, float]]:
    """Megabytes of what search keeps."""
    with connection.cursor() as cursor:
        for table in ("digest_papersearch", "digest_searchword", "digest_papervector"):
            cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [table])
            yield table, round(cursor.fetchone()[0] / 1e6, 1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__.splitlines()[0])
    parser.add_argument("--papers", type=int, default=500_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if options.papers < 1000 or options.queries < 20 or options.rounds < 1:
        parser.error("give at least --papers 1000, --queries 20 and --rounds 1: fewer have no 95th percentile worth the name")
    console = Console(stderr=True)
    with scratch.database():
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
            built = build(options.papers, progress)
        took = measure(queries(options.queries), options.rounds)
        similar = alike(40)
        kept = dict(sizes())
    sides = {name: figures(milliseconds) for name, milliseconds in took.items()}
    ratio = round(sides["find"]["p95_ms"] / sides["plain"]["p95_ms"], 3)
    result = {
        "papers": options.papers,
        "queries": options.queries,
        "vectors": dense.installed(),
        "build_s": round(built, 1),
        "megabytes": kept,
        "process_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        **sides,
        "similar": figures(similar),
        "p95_of_plain": ratio,
        "goal": AT_MOST,
    }
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:14}{value}")
    return int(ratio > AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
