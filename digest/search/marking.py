"""What of a paper matched: its title and the telling stretch of its abstract with the words marked, and the other places."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from digest.search.asking import Match, Piece, Where
from digest.search.reading import APART

SNIPPET = 260
"""Characters of the abstract that are shown."""
_NAMED = 3
# PostgreSQL marks the words, as it alone knows what it took for one. Its marks are two code points that no text is given; and
# since it drops what looks like a tag, nothing that does is handed to it. All is replaced one for one, so places stay.
_BEGIN, _END = "\ue000", "\ue001"
_FROM = f"{APART}<>&{_BEGIN}{_END}"
_OPTIONS = f"HighlightAll=true, StartSel={_BEGIN}, StopSel={_END}"
_READ = 6000
_MARK = """
SELECT p.id, p.title, left(p.abstract, %(read)s), p.keywords, p.authors, topics.names,
    ts_headline('digest_prose', translate(p.title, %(from)s, %(to)s), q.asked, %(options)s),
    ts_headline('digest_prose', translate(left(p.abstract, %(read)s), %(from)s, %(to)s), q.asked, %(options)s),
    ts_headline('digest_prose', translate(array_to_string(p.keywords, E'\\n'), %(from)s, %(to)s), q.asked, %(options)s),
    ts_headline('digest_names', translate(array_to_string(p.authors, E'\\n'), %(from)s, %(to)s), q.asked, %(options)s),
    ts_headline('digest_prose', translate(array_to_string(topics.names, E'\\n'), %(from)s, %(to)s), q.asked, %(options)s)
FROM (SELECT %(asked)s::tsquery AS asked) q, digest_paper p, LATERAL (
    SELECT coalesce(array_agg(t.name ORDER BY t.name), '{}') AS names
    FROM digest_papertopic pt JOIN subscriptions_topic t ON t.id = pt.topic_id WHERE pt.paper_id = p.id) topics
WHERE p.id = ANY(%(papers)s)
"""
_MARKED = re.compile(f"{_BEGIN}([^{_END}]*){_END}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class Marked:
    """One paper as it is shown."""

    title: tuple[Piece, ...]
    snippet: tuple[Piece, ...]
    matched: tuple[Match, ...]


def mark(papers: Sequence[int], asked: str) -> dict[int, Marked]:
    """These papers with all that `asked`, in PostgreSQL's words, finds in them; nothing is marked when it is empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK,
            {
                "read": _READ, "from": _FROM, "to": " " * len(_FROM), "options": _OPTIONS, "asked": asked,
                "papers": list(papers),
            },
        )  # fmt: skip
        return {row[0]: _marked(*row[1:]) for row in cursor.fetchall()}


def _marked(title: str, abstract: str, keywords: list[str], authors: list[str], topics: list[str], *found: str) -> Marked:
    in_title, in_abstract = spans(title, found[0]), spans(abstract, found[1])
    matched = [Match("title")] if in_title else []
    matched += [Match("abstract")] if in_abstract else []
    named: list[tuple[Where, list[str]]] = [
        ("author", _lines(authors, found[3])),
        ("topic", _lines(topics, found[4])),
        ("keyword", _lines(keywords, found[2])),
    ]
    matched += [Match(where, tuple(lines[:_NAMED])) for where, lines in named if lines]
    return Marked(pieces(title, in_title), snippet(abstract, in_abstract), tuple(matched))


def spans(text: str, headline: str) -> list[tuple[int, int]]:
    """Where the marked words begin and end in the text; none should the two turn out not to be the same text."""
    if len(headline) - headline.count(_BEGIN) - headline.count(_END) != len(text):
        return []
    return [
        (found.start() - 2 * before, found.end() - 2 * before - 2) for before, found in enumerate(_MARKED.finditer(headline))
    ]


def _lines(texts: Iterable[str], headline: str) -> list[str]:
    return [text for text, line in zip(texts, headline.split("\n"), strict=False) if _BEGIN in line]


def pieces(text: str, marks: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """The text cut at its marks; together the pieces are the text."""
    cut: list[Piece] = []
    at = 0
    for start, end in marks:
        cut += [Piece(text[at:start]), Piece(text[start:end], marked=True)]
        at = end
    cut.append(Piece(text[at:]))
    return tuple(piece for piece in cut if piece.text)


def snippet(text: str, marks: Sequence[tuple[int, int]], longest: int = SNIPPET) -> tuple[Piece, ...]:
    """The stretch, from the beginning of a sentence where that can be, in which most different words are marked."""
    starts = [0, *(found.end() for found in _SENTENCE.finditer(text))]
    starts += [_word_before(text, start - longest // 3) for start, _ in marks if start > longest]
    best = max(starts, key=lambda start: (_told(text, marks, start, start + longest), -_wait(marks, start), -start))
    end = min(len(text), best + longest)
    if end < len(text):
        end = max(text.rfind(" ", best, end), best + longest // 2)
    within = [(start - best, stop - best) for start, stop in marks if start >= best and stop <= end]
    cut = pieces(text[best:end], within)
    before = (Piece("… "),) if best else ()
    after = (Piece(" …"),) if end < len(text) else ()
    return before + cut + after


def _told(text: str, marks: Sequence[tuple[int, int]], start: int, end: int) -> int:
    return len({text[at:stop].lower() for at, stop in marks if at >= start and stop <= end})


def _wait(marks: Sequence[tuple[int, int]], start: int) -> int:
    """Characters before the first mark; 0 where none follows."""
    return next((at - start for at, _ in marks if at >= start), 0)


def _word_before(text: str, at: int) -> int:
    return text.rfind(" ", 0, max(at, 0)) + 1
