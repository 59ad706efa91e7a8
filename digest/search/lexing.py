"""Terms into the query language of PostgreSQL. What people typed reaches the database as parameters, and only what it made of
them itself is put together here."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from digest.search.reading import Query, Term

# Each term as prose and as a name; the prose is empty for "the", "of" and their like. All in one question, for a question
# costs more than what it asks. How many papers there are is the planner's estimate, which is good enough for one of ours.
_LEX = """
SELECT array(SELECT phraseto_tsquery('digest_prose', term)::text
        FROM unnest(%(terms)s::text[]) WITH ORDINALITY AS terms (term, place) ORDER BY place),
    array(SELECT phraseto_tsquery('digest_names', term)::text
        FROM unnest(%(terms)s::text[]) WITH ORDINALITY AS terms (term, place) ORDER BY place),
    array(SELECT papers FROM unnest(%(words)s::text[]) WITH ORDINALITY AS words (word, place)
        LEFT JOIN digest_searchword USING (word) ORDER BY place),
    (SELECT reltuples FROM pg_class WHERE oid = 'digest_papersearch'::regclass)
"""
_LEXEME = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True, slots=True)
class Choice:
    """A part of a query, and about how many papers hold it, at most."""

    asked: str
    papers: int


@dataclass(frozen=True, slots=True)
class Lexed:
    """A query in PostgreSQL's own words.

    `every` asks for all that is wanted and nothing unwanted, `any_` for one of what is wanted, and both are empty when there is
    nothing to look for; `unwanted` holds for papers without what was left out, `author` for those by somebody. `choices` are
    the parts of `every` in the query's order, function words left out. `frequency` counts the papers that hold each typed word,
    of about `documents`.
    """

    every: str
    any_: str
    unwanted: str
    author: str
    frequency: Mapping[str, int]
    choices: tuple[Choice, ...]
    documents: int

    @property
    def expected(self) -> float:
        """About how many papers hold all that is wanted, were its parts independent."""
        return math.prod(min(1.0, choice.papers / self.documents) for choice in self.choices) * self.documents

    @property
    def conditions(self) -> str:
        """All that a paper must satisfy."""
        return " & ".join(f"({part})" for part in (self.every, self.author) if part)


def lex(query: Query, author: str = "") -> Lexed:
    """The query, and an author's name as a filter beside the one in the query. One short question to the database."""
    names = [Term(name) for name in (query.author, author) if name]
    terms = [*query.terms, *query.unwanted, *names]
    typed = sorted({word for term in query.terms for word in term.words})
    with connection.cursor() as cursor:
        cursor.execute(_LEX, {"terms": [term.text for term in terms], "words": typed})
        proses, as_names, counts, documents = cursor.fetchone()
    lexed = dict(zip(terms, zip(proses, as_names, strict=True), strict=True))
    frequency = {word: count or 0 for word, count in zip(typed, counts, strict=True)}
    # A query of function words alone ("the who") still means something as a name.
    bare = not any(lexed[term][0] for term in query.terms)
    choices = [
        Choice(_either(parts), sum(min((frequency[word] for word in term.words), default=0) for term in terms))
        for terms in query.wanted
        if (parts := [part for term in terms if (part := _asked(*lexed[term], bare=bare))])
    ]
    asked = [choice.asked for choice in choices]
    unwanted = [f"!({prose or name})" for prose, name in (lexed[term] for term in query.unwanted) if prose or name]
    return Lexed(
        every=" & ".join([*asked, *unwanted]) if asked else "",
        any_=_either(asked),
        unwanted=" & ".join(unwanted),
        author=" & ".join(_name(lexed[name][1]) for name in names if lexed[name][1]),
        frequency=frequency,
        choices=tuple(choices),
        documents=max(int(documents), *frequency.values(), 1) if frequency else 1,
    )


def _asked(prose: str, name: str, *, bare: bool) -> str:
    if not prose:
        return f"({name})" if bare and name else ""
    return f"({prose})" if prose == name or not name else f"({prose} | {name})"


def _either(parts: Sequence[str]) -> str:
    return f"({' | '.join(parts)})" if len(parts) > 1 else "".join(parts)


def _name(phrase: str) -> str:
    """Each word of a name among the authors, in any order; a single letter stands for what it abbreviates."""
    return " & ".join(f"{word}:{'*' if len(word) == 3 else ''}C" for word in _LEXEME.findall(phrase))
