"""Entries into papers: new ones listed, known ones brought up to date, those that turn out to be one merged.

draft -> gather -> lock names -> find -> lock rows -> (merge) -> update | list
"""

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from digest.models import Paper, Source
from digest.papers import drafts, merging, rows, topics
from digest.papers.drafts import Draft, Refusal
from digest.papers.identity import Name, first_author, same_people, strong_names
from digest.papers.locks import listing_lock, lock_names
from digest.sources.entries import Entry
from subscriptions.models import Topic


@dataclass(slots=True)
class Stored:
    """What became of a batch: `new + known + len(refused)` is the number of entries.

    `papers` are the ids that were listed, `updated` counts known papers of which something changed, `merged` those that turned
    out to be another; `notes` say what else an operator should know.
    """

    new: int = 0
    known: int = 0
    updated: int = 0
    merged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    papers: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Work:
    """A draft and the stored papers that it turned out to be."""

    draft: Draft
    papers: set[int]


def store(entries: Sequence[Entry], source: Source, now: dt.datetime, listed_from: dt.datetime | None = None) -> Stored:
    """Store what a source announced, in one transaction; doing it again changes nothing.

    New papers become selectable at greatest(now, listed_from, the end of the last published window, the last `listed_at`).
    The first announcement of a known paper stands. Other transactions that store the same papers wait.
    """
    stored = Stored()
    drafted = []
    taken_back: list[Entry] = []
    for index, entry in enumerate(entries):
        if entry.withdrawn and not entry.title:
            taken_back.append(entry)
            continue
        made = drafts.draft(entry, index, now)
        if isinstance(made, Refusal):
            stored.refused.append(made)
        else:
            drafted.append(made)
    if misdated := sum(each.misdated for each in drafted):
        stored.notes.append(f"{misdated} of {len(entries)} entries carried a date that cannot be; they count as announced now")
    if taken_back:
        _take_back(taken_back, now, stored)
    if not drafted:
        return stored
    gathered = drafts.gather(drafted)
    matcher = topic_matcher()
    with transaction.atomic():
        lock_names(name for each in gathered for name in _names(each))
        known, new = _recognised(gathered)
        for work in known:
            stored.known += len(work.draft.entries)
            if len(work.papers) > 1:
                stored.merged += len(work.papers) - 1
                merging.merge(min(work.papers), work.papers - {min(work.papers)})
        stored.updated = len(rows.update([(min(work.papers), work.draft) for work in known], source, now, matcher))
        if new:
            stored.papers = rows.insert(new, source, now, _listing_instant(now, listed_from), matcher)
            stored.new = len(new)
            stored.known += sum(len(each.entries) - 1 for each in new)
    return stored


def _take_back(entries: Sequence[Entry], now: dt.datetime, stored: Stored) -> None:
    """Withdraw what an archive says it deleted; it says nothing else of it, so what is not known here stays unknown."""
    for entry in entries:
        names = strong_names(entry)
        found = Paper.objects.filter(
            identifiers__kind__in=[kind for kind, _ in names], identifiers__value__in=[value for _, value in names]
        )
        if not names or not found.exists():
            name = entry.arxiv_id or entry.doi or entry.url
            stored.refused.append(Refusal(name, "it was taken back, and was never known here"))
            continue
        stored.known += 1
        stored.updated += found.filter(withdrawn_at=None).update(withdrawn_at=now)


def topic_matcher() -> topics.Matcher:
    """A matcher over the topics as they stand; the last one made is kept while they stay as they are."""
    found = Topic.objects.order_by("id").values_list("id", "slug", "categories", "key_terms")
    return _matcher(tuple(topics.Rule(pk, slug, tuple(categories), tuple(terms)) for pk, slug, categories, terms in found))


@functools.lru_cache(maxsize=1)
def _matcher(rules: tuple[topics.Rule, ...]) -> topics.Matcher:
    return topics.Matcher(rules)


def _names(draft: Draft) -> set[Name]:
    return draft.strong | {("title", title) for title in draft.titles}


def _listing_instant(now: dt.datetime, listed_from: dt.datetime | None) -> dt.datetime:
    listing_lock()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT greatest(%s::timestamptz, %s::timestamptz, (SELECT max(window_end) FROM digest_issue),"
            " (SELECT max(listed_at) FROM digest_paper))",
            [now, listed_from],
        )
        (instant,) = cursor.fetchone()
    assert isinstance(instant, dt.datetime)  # noqa: S101 - `now` is among the arguments
    return instant


def _recognised(gathered: Sequence[Draft]) -> tuple[list[_Work], list[Draft]]:
    """The drafts that stored papers stand for, those papers' rows locked; and the drafts that are new."""
    held: set[int] = set()
    while True:
        known, new = _find(gathered)
        wanted = {paper for work in known for paper in work.papers}
        if wanted <= held:
            return known, new
        # A merge may have been under way: what the names lead to is asked again once the rows are ours.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM digest_paper WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(wanted | held)]
            )
        held |= wanted


def _find(gathered: Sequence[Draft]) -> tuple[list[_Work], list[Draft]]:
    owners, namesakes = _lookup({name for each in gathered for name in _names(each)})
    works: list[_Work] = []
    new: list[Draft] = []
    for draft in gathered:
        papers = {owners[name] for name in draft.strong if name in owners}
        # Whoever has the same first author comes before one of whom no author is known.
        ranked = sorted(
            {
                (author != draft.first_author, paper, has_names)
                for title in draft.titles
                for paper, has_names, author in namesakes[title]
                if same_people(author, draft.first_author)
            }
        )
        alike = [(paper, has_names) for _, paper, has_names in ranked]
        if draft.strong:
            nameless = [paper for paper, has_names in alike if not has_names and paper not in papers]
            # Without authors to tell them apart, one draft cannot be several different nameless papers.
            papers.update(nameless if draft.first_author else nameless[:1])
        elif alike:
            papers.add(alike[0][0])
        if papers:
            works.append(_Work(draft, papers))
        else:
            new.append(draft)
    return _joined(works), new


def _joined(works: Iterable[_Work]) -> list[_Work]:
    """Works that share a paper are one work."""
    joined: list[_Work] = []
    of_paper: dict[int, _Work] = {}
    for work in works:
        for other in {id(found): found for paper in work.papers if (found := of_paper.get(paper))}.values():
            joined.remove(other)
            other.draft.absorb(work.draft)
            work = _Work(other.draft, other.papers | work.papers)
        joined.append(work)
        of_paper.update(dict.fromkeys(work.papers, work))
    return joined


def _lookup(names: set[Name]) -> tuple[dict[Name, int], dict[str, list[tuple[int, bool, str]]]]:
    """Who bears these names: strong name -> paper; title -> (paper, whether it has a strong name, first author)."""
    owners: dict[Name, int] = {}
    namesakes: dict[str, list[tuple[int, bool, str]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.kind, i.value, i.paper_id, i.kind = 'title' AND EXISTS (SELECT 1 FROM digest_paperidentifier s"
            " WHERE s.paper_id = i.paper_id AND s.kind <> 'title'),"
            " CASE WHEN i.kind = 'title' THEN (SELECT p.authors[1] FROM digest_paper p WHERE p.id = i.paper_id) END"
            " FROM unnest(%s::text[], %s::text[]) AS n (kind, value) JOIN digest_paperidentifier i USING (kind, value)",
            [[kind for kind, _ in names], [value for _, value in names]],
        )
        for kind, value, paper, has_names, author in cursor.fetchall():
            if kind == "title":
                namesakes[value].append((paper, has_names, first_author([author] if author else [])))
            else:
                owners[(kind, value)] = paper
    return owners, namesakes
