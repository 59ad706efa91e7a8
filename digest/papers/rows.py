"""The rows of papers, written by the hundred: COPY for what is new, one UPDATE for what changed."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection

from digest import text
from digest.models import Source
from digest.papers import drafts
from digest.papers.drafts import Draft, Wording
from digest.papers.topics import Matcher

_PAPER = (
    "id", "title", "abstract", "title_source", "abstract_source", "authors", "categories", "keywords", "url", "pdf_url",
    "links", "journal_reference", "organisation", "upvotes", "stars", "announced_at", "listed_at", "withdrawn_at",
    "text_rank", "revision",
)  # fmt: skip
# What is compared and, when it differs, written; of these, what a reader sees raises the revision.
_CHANGING = (
    "title", "abstract", "title_source", "abstract_source", "authors", "categories", "keywords", "url", "pdf_url",
    "links", "journal_reference", "organisation", "upvotes", "stars", "announced_at", "withdrawn_at", "text_rank",
)  # fmt: skip
_APPEARANCE = ("paper_id", "source_id", "url", "submitter", "announced_at", "first_seen_at", "upvotes")
_SHOWN = ("title", "abstract", "authors", "url", "pdf_url", "links")
_MATCHED = ("title", "abstract", "categories", "keywords")

Row = dict[str, Any]


def _field(value: object) -> object:
    """Lists and instants as PostgreSQL writes them: psycopg's own ways with these two cost more than all other columns."""
    if isinstance(value, list):
        return "{" + ",".join(['"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in value]) + "}"
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _copy(table: str, columns: Sequence[str], records: Iterable[Sequence[object]]) -> None:
    """COPY the records, sent as they are made, so that the server writes some while we prepare the next. Lists hold text."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for record in records:
            copy.write_row([_field(value) for value in record])


def insert(new: Sequence[Draft], source: Source, now: dt.datetime, listed_at: dt.datetime, matcher: Matcher) -> list[int]:
    """Write papers that nobody knew, with all that hangs on them; returns their ids in order. Their names are locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('digest_paper', 'id')) FROM generate_series(1, %s)", [len(new)])
        ids = [row[0] for row in cursor.fetchall()]
    matched: list[tuple[int, int, float]] = []

    def papers() -> Iterator[tuple[object, ...]]:
        for paper, draft in zip(ids, new, strict=True):
            wording = draft.wording
            abstract = text.clean(wording.abstract)
            found = matcher.match(draft.title, abstract, draft.categories, draft.keywords)
            matched.extend((paper, topic, score) for topic, score in found.items())
            yield (
                paper, draft.title, abstract, wording.title, wording.abstract, list(wording.authors), draft.categories,
                draft.keywords, drafts.home_of(draft.strong, [draft.url]), draft.pdf_url, json.dumps(draft.links),
                draft.journal_reference, draft.organisation, draft.upvotes, draft.stars, draft.announced_at, listed_at,
                now if draft.withdrawn else None, wording.rank, 1,
            )  # fmt: skip

    _copy("digest_paper", _PAPER, papers())
    pairs = list(zip(ids, new, strict=True))
    names = [(paper, kind, value) for paper, draft in pairs for kind, value in draft.strong]
    names += [(paper, "title", title) for paper, draft in pairs for title in draft.titles]
    versions = [(paper, number, *version) for paper, draft in pairs for number, version in draft.versions.items()]
    appearances = [
        (paper, source.pk, draft.appearance_url, draft.submitter, draft.appeared_at, now, draft.upvotes)
        for paper, draft in pairs
    ]
    _copy("digest_paperidentifier", ("paper_id", "kind", "value"), names)
    if versions:
        _copy("digest_paperversion", ("paper_id", "number", "title_source", "abstract_source", "announced_at"), versions)
    _copy("digest_appearance", _APPEARANCE, appearances)
    if matched:
        _copy("digest_papertopic", ("paper_id", "topic_id", "score"), matched)
    return ids


def _read(papers: Sequence[int]) -> dict[int, list[Row]]:
    """The papers' rows, each with those that were merged into it after it: paper -> rows, its own first."""
    found: dict[int, list[Row]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_PAPER)}, merged_into_id FROM digest_paper WHERE id = ANY(%s) OR merged_into_id = ANY(%s)"  # noqa: S608 - names of columns
            " ORDER BY merged_into_id IS NOT NULL, id",
            [list(papers), list(papers)],
        )
        for values in cursor.fetchall():
            row = dict(zip((*_PAPER, "merged_into"), values, strict=True))
            row["links"] = json.loads(row["links"]) if isinstance(row["links"], str) else row["links"]
            found[row["merged_into"] or row["id"]].append(row)
    return found


def _names_of(papers: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    names: dict[int, set[tuple[str, str]]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute("SELECT paper_id, kind, value FROM digest_paperidentifier WHERE paper_id = ANY(%s)", [list(papers)])
        for paper, kind, value in cursor.fetchall():
            names[paper].add((kind, value))
    return names


def _as_draft(row: Row) -> Draft:
    """What a stored row says, in the shape in which batches are combined."""
    wording = Wording(
        row["text_rank"], len(row["abstract_source"]), row["abstract_source"], row["title_source"], tuple(row["authors"])
    )
    return Draft(
        wording=wording, title=row["title"], strong=set(), titles=set(), first_author="", announced_at=row["announced_at"],
        appeared_at=row["announced_at"], url=row["url"], pdf_url=row["pdf_url"], appearance_url="", submitter="",
        journal_reference=row["journal_reference"], organisation=row["organisation"], upvotes=row["upvotes"],
        stars=row["stars"], withdrawn=row["withdrawn_at"] is not None, categories=list(row["categories"]),
        keywords=list(row["keywords"]), links=list(row["links"]),
    )  # fmt: skip


def _combined(stored: Sequence[Row], draft: Draft, names: set[tuple[str, str]], now: dt.datetime) -> Row:
    """The row that a paper should have after it is told what `draft` says."""
    row = stored[0]
    known = _as_draft(row)
    for other in stored[1:]:
        known.absorb(_as_draft(other))
    known.absorb(draft)
    wording = known.wording
    same_text = wording.abstract == row["abstract_source"]
    withdrawn = min((each["withdrawn_at"] for each in stored if each["withdrawn_at"]), default=now)
    return {
        "id": row["id"],
        "title": known.title,
        "abstract": row["abstract"] if same_text else text.clean(wording.abstract),
        "title_source": wording.title,
        "abstract_source": wording.abstract,
        "authors": list(wording.authors),
        "categories": known.categories,
        "keywords": known.keywords,
        "url": drafts.home_of({name for name in names | draft.strong if name[0] != "title"}, [known.url]),
        "pdf_url": known.pdf_url,
        "links": known.links,
        "journal_reference": known.journal_reference,
        "organisation": known.organisation,
        "upvotes": known.upvotes,
        "stars": known.stars,
        "announced_at": known.announced_at,
        "withdrawn_at": withdrawn if known.withdrawn else None,
        "text_rank": wording.rank,
    }


def update(known: Sequence[tuple[int, Draft]], source: Source, now: dt.datetime, matcher: Matcher) -> set[int]:
    """Tell known papers what a batch says of them; returns those of which something changed. Their rows are locked."""
    if not known:
        return set()
    papers = [paper for paper, _ in known]
    stored, names = _read(papers), _names_of(papers)
    changed: list[Row] = []
    rematched: dict[int, Mapping[int, float]] = {}
    for paper, draft in known:
        before = stored[paper][0]
        after = _combined(stored[paper], draft, names[paper], now)
        different = {column for column in _CHANGING if before[column] != after[column]}
        if different:
            after["revision"] = before["revision"] + bool(different & set(_SHOWN))
            changed.append(after)
        if different & set(_MATCHED):
            rematched[paper] = matcher.match(after["title"], after["abstract"], after["categories"], after["keywords"])
    touched = {row["id"] for row in changed}
    _write_changed(changed)
    replace_topics(rematched)
    touched |= _add_names(known, names)
    touched |= _add_versions(known)
    touched |= _see_again(known, source, now)
    return touched


def _write_changed(changed: Sequence[Row]) -> None:
    if not changed:
        return
    columns = (*_CHANGING, "revision")
    settings = ", ".join(f"{column} = c.{column}" for column in columns)
    types = (
        "id bigint, title text, abstract text, title_source text, abstract_source text, authors text[], categories text[],"
        " keywords text[], url text, pdf_url text, links jsonb, journal_reference text,"
        " organisation text, upvotes int, stars int, announced_at timestamptz,"
        " withdrawn_at timestamptz, text_rank int, revision int"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE digest_paper p SET {settings} FROM jsonb_to_recordset(%s::jsonb) AS c ({types}) WHERE p.id = c.id",  # noqa: S608 - names of columns
            [json.dumps(changed, default=dt.datetime.isoformat)],
        )


def replace_topics(matched: Mapping[int, Mapping[int, float]]) -> None:
    """Give papers these topics and no others: paper -> topic -> score."""
    if not matched:
        return
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM digest_papertopic WHERE paper_id = ANY(%s)", [list(matched)])
    records = [(paper, topic, score) for paper, scores in matched.items() for topic, score in scores.items()]
    if records:
        _copy("digest_papertopic", ("paper_id", "topic_id", "score"), records)


def _add_names(known: Sequence[tuple[int, Draft]], names: Mapping[int, set[tuple[str, str]]]) -> set[int]:
    missing = [
        (paper, kind, value)
        for paper, draft in known
        for kind, value in sorted((draft.strong | {("title", title) for title in draft.titles}) - names.get(paper, set()))
    ]
    if missing:
        _copy("digest_paperidentifier", ("paper_id", "kind", "value"), missing)
    return {paper for paper, _, _ in missing}


def _add_versions(known: Sequence[tuple[int, Draft]]) -> set[int]:
    said = [(paper, number, *version) for paper, draft in known for number, version in draft.versions.items()]
    if not said:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO digest_paperversion (paper_id, number, title_source, abstract_source, announced_at)"
            " SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::timestamptz[])"
            " ON CONFLICT (paper_id, number) DO NOTHING RETURNING paper_id",
            [list(column) for column in zip(*said, strict=True)],
        )
        return {row[0] for row in cursor.fetchall()}


def _see_again(known: Sequence[tuple[int, Draft]], source: Source, now: dt.datetime) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO digest_appearance AS a (paper_id, source_id, url, submitter, announced_at, first_seen_at, upvotes)"
            " SELECT n.paper, %s, n.url, n.submitter, n.announced_at, %s, n.upvotes"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::int[])"
            " AS n (paper, url, submitter, announced_at, upvotes)"
            " ON CONFLICT (paper_id, source_id) DO UPDATE SET upvotes = greatest(a.upvotes, excluded.upvotes),"
            " announced_at = least(a.announced_at, excluded.announced_at)"
            " WHERE a.upvotes < excluded.upvotes OR a.announced_at > excluded.announced_at RETURNING a.paper_id",
            [
                source.pk,
                now,
                [paper for paper, _ in known],
                [draft.appearance_url for _, draft in known],
                [draft.submitter for _, draft in known],
                [draft.appeared_at for _, draft in known],
                [draft.upvotes for _, draft in known],
            ],
        )
        return {row[0] for row in cursor.fetchall()}
