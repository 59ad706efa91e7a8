"""Papers for what somebody typed: those that hold the words, put in order, and after them those that come near.

typed -> read -> lex -> every (-> corrections -> every) -> nearly -> ordered -> page -> marked
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from digest.models import Paper
from digest.ranking import dense
from digest.ranking.meaning import Vectors
from digest.ranking.names import parts, same_person
from digest.search import lexing, marking, matching, meaning, spelling
from digest.search.asking import PAGE, SCALE, Cursor, Filters, Hit, Match, Results
from digest.search.lexing import Lexed
from digest.search.matching import HEAD, Found, Matched
from digest.search.nearby import nearby
from digest.search.reading import Query, folded, read, tidy
from digest.search.similar import near

# What orders the papers that hold all words: how well they hold them, how near they are in meaning, how new they are.
_WORDS, _MEANING, _NEW = 0.75, 0.2, 0.05
_REORDERED = 100
"""Papers whose nearness in meaning is weighed, of those that hold the words best."""
_HALF_AS_NEW = dt.timedelta(days=365)
_NEAR = 0.4
"""The least cosine of a paper that is near in meaning (all-MiniLM-L6-v2)."""
_LIKE = 0.15
"""The least likeness to the best papers of one that is near through them."""
_NEARLY = 40
"""Papers that come near, at most; they are looked for only behind fewer than this many that hold all words."""
_FEW = 5
"""A likelier spelling is offered beside so few papers, at most."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A paper's place: tier 0 holds all that was asked for, tier 1 comes near, for the reason given."""

    tier: int
    score: float
    paper: int
    why: Match | None = None

    @property
    def key(self) -> tuple[int, int, int]:
        return self.tier, -round(self.score * SCALE), -self.paper


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query, in both languages, and what holds all of it."""

    query: Query
    lexed: Lexed
    matched: Matched


def find(typed: str, filters: Filters, now: dt.datetime, page: str = "") -> Results:
    """What was looked for, a page at a time; `page` is the `next` of the page before.

    Any text has an answer: what of it could not be read, the notes say. A word that no paper holds is taken for a misspelled
    one, unless `filters.as_typed`; the results say what was looked for instead. Without words, the newest papers that pass the
    filters. Nothing is written.
    """
    filters = replace(filters, author=tidy(filters.author), topic=tidy(filters.topic))
    first = _ask(read(typed), filters)
    notes = list(first.query.notes)
    asked, perhaps = first, ""
    if not filters.as_typed and first.matched.total <= _FEW and first.query.wanted:
        mended = first.query.spelled(spelling.corrections(first.lexed.frequency))
        if mended != first.query and not first.matched.papers:
            asked = _ask(mended, filters)
        elif mended != first.query:
            perhaps = str(mended)
    if _nothing(first.query, filters):
        return Results(str(first.query), "", "", (), 0, False, 0, "", True, nearby(first.query, ()), tuple(notes))
    ranked = _ordered(asked, filters, now)
    cursor = Cursor.parse(page) if page else None
    if page and cursor is None:
        notes.append("That page does not exist, so this is the first one.")
    shown, following = _page(ranked, cursor)
    if ranked and not shown:
        notes.append("There is nothing after that page, so this is the first one.")
        cursor = None
        shown, following = _page(ranked, None)
    changed = asked.query != first.query
    hits = _hits(shown, asked, first.query if changed else None, now)
    return Results(
        query=str(first.query),
        corrected=str(asked.query) if changed else "",
        perhaps=perhaps,
        hits=hits,
        total=asked.matched.total,
        at_least=asked.matched.at_least,
        reachable=len(ranked),
        next=following,
        first=cursor is None,
        nearby=nearby(asked.query, () if ranked else asked.lexed.frequency.items()),
        notes=tuple(notes),
    )


def _nothing(query: Query, filters: Filters) -> bool:
    """Whether nothing was asked for: neither words nor a filter."""
    return query.empty and not query.author and filters.none


def _ask(query: Query, filters: Filters) -> _Asked:
    lexed = lexing.lex(query, filters.author)
    if _nothing(query, filters) or (query.unwanted and query.empty):
        return _Asked(query, lexed, Matched((), 0, at_least=False))
    matched = matching.every(lexed, filters)
    names = [name for name in (query.author, filters.author) if name]
    if names and matched.papers:
        # The words of a name may belong to two people; whoever is meant is among the authors as one.
        by_them = _by(names, [found.paper for found in matched.papers])
        papers = tuple(found for found in matched.papers if found.paper in by_them)
        total = matched.total if len(matched.papers) == HEAD else len(papers)
        matched = replace(matched, papers=papers, total=total)
    return _Asked(query, lexed, matched)


def _by(names: Sequence[str], papers: Sequence[int]) -> set[int]:
    wanted = [parts(folded(name)) for name in names]

    def wrote(authors: Iterable[str], person: tuple[str, ...]) -> bool:
        known = [parts(folded(author)) for author in authors]
        return any(same_person(person, author) or (len(person) == 1 and person[0] in author) for author in known)

    rows = Paper.objects.filter(pk__in=papers).values_list("pk", "authors")
    return {pk for pk, authors in rows if all(wrote(authors, person) for person in wanted)}


def _ordered(asked: _Asked, filters: Filters, now: dt.datetime) -> list[_Ranked]:
    """Every paper that can be paged through, in order."""
    papers = asked.matched.papers
    vector = dense.of_text(asked.query.plain) if asked.query.wanted and dense.model() else None
    cosines = dict(meaning.weigh(vector, [found.paper for found in papers[:_REORDERED]])) if vector is not None else {}
    best = max((found.rank for found in papers), default=0.0) or 1.0
    ranked = [
        _Ranked(
            0,
            _WORDS * found.rank / best + _MEANING * max(0.0, cosines.get(found.paper, 0.0)) + _NEW * _newness(found, now),
            found.paper,
        )
        for found in papers
    ]
    if asked.query.wanted and len(ranked) < _NEARLY:
        ranked += _nearly(asked, filters, vector)
    return sorted(ranked, key=lambda each: each.key)


def _newness(found: Found, now: dt.datetime) -> float:
    age = max(now - found.announced_at, dt.timedelta())
    return float(0.5 ** (age / _HALF_AS_NEW))


def _nearly(asked: _Asked, filters: Filters, vector: Vectors | None) -> list[_Ranked]:
    """Papers near in meaning, those that hold some of the words, and those like the ones that hold them all."""
    taken = {found.paper for found in asked.matched.papers}
    found: dict[int, _Ranked] = {}
    if vector is not None:
        for paper, cosine in meaning.nearest(vector, _NEARLY):
            if cosine >= _NEAR:
                found[paper] = _Ranked(1, cosine, paper, Match("meaning"))
    if not found:
        some = matching.some(asked.lexed, filters, _NEARLY)
        best = max((each.rank for each in some), default=1.0)
        for each in some:
            found[each.paper] = _Ranked(1, each.rank / best, each.paper, Match("words"))
        if taken and vector is None:
            for like in near([each.paper for each in asked.matched.papers[:3]], _NEARLY // 2):
                if like.score >= _LIKE:
                    found.setdefault(like.paper.pk, _Ranked(1, like.score, like.paper.pk, Match("meaning", like.shared)))
    pass_ = matching.passing(found.keys() - taken, asked.lexed, filters)
    return sorted((found[paper] for paper in pass_), key=lambda each: each.key)[:_NEARLY]


def _page(ranked: Sequence[_Ranked], cursor: Cursor | None) -> tuple[Sequence[_Ranked], str]:
    """The papers after the cursor that a page holds, and where the next page begins ("" for the last)."""
    after = (cursor.tier, -round(cursor.score * SCALE), -cursor.paper) if cursor else None
    rest = [each for each in ranked if after is None or each.key > after]
    shown = rest[:PAGE]
    more = len(rest) > PAGE
    return shown, str(Cursor(shown[-1].tier, shown[-1].score, shown[-1].paper)) if more else ""


def _hits(shown: Sequence[_Ranked], asked: _Asked, typed: Query | None, now: dt.datetime) -> tuple[Hit, ...]:
    ids = [each.paper for each in shown]
    rows = {row.pk: row for row in _standing(now).filter(pk__in=ids).prefetch_related("topics")}
    asked_for = " | ".join(filter(None, (asked.lexed.any_, asked.lexed.author)))
    marked = marking.mark(ids, asked_for)
    mended = _mended(typed, asked.query) if typed else ()
    return tuple(
        Hit(
            paper=rows[each.paper],
            score=each.score,
            matched=(*marked[each.paper].matched, *([each.why] if each.why else mended)),
            title=marked[each.paper].title,
            snippet=marked[each.paper].snippet,
            nearly=each.tier > 0,
        )
        for each in shown
        if each.paper in rows and each.paper in marked
    )


def _standing(now: dt.datetime) -> QuerySet[Paper]:
    """Papers that may be shown: search reads the changes of a moment ago a moment later."""
    return Paper.objects.filter(merged_into=None, withdrawn_at=None, listed_at__lte=now)


def _mended(typed: Query, asked: Query) -> tuple[Match, ...]:
    pairs = zip(typed.terms, asked.terms, strict=True)
    mended = tuple(f"{new.text} for {old.text}" for old, new in pairs if old != new)
    return (Match("spelling", mended),) if mended else ()
