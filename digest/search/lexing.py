"""Terms into the query language of PostgreSQL. What people typed reaches the database as parameters, and only what it made of
them itself is put together here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from digest.search.reading import Query, Term

# Each term as prose and as a name; the prose is empty for "the", "of" and their like.
_LEX = """
SELECT phraseto_tsquery('digest_prose', term)::text, phraseto_tsquery('digest_names', term)::text
FROM unnest(%s::text[]) WITH ORDINALITY AS terms (term, place) ORDER BY place
"""
_KNOWN = "SELECT word, papers FROM digest_searchword WHERE word = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Lexed:
    """A query in PostgreSQL's own words. `every` asks for all that is wanted, `any_` for one of it; both are empty when there
    is nothing to look for. `unwanted` holds for papers without what was left out; `author` is a condition on names. `frequency` says how many papers hold each word that was typed.
    """

    every: str
    any_: str
    unwanted: str
    author: str
    frequency: Mapping[str, int]
    choices: tuple[str, ...]
    """What each choice of terms asks for, in the query's order; function words are left out."""

    @property
    def conditions(self) -> str:
        """All that a paper must satisfy."""
        return " & ".join(f"({part})" for part in (self.every, self.author) if part)


def lex(query: Query, author: str = "") -> Lexed:
    """The query, and an author's name as a filter beside the one in the query. Two short questions to the database."""
    terms = [*query.terms, *query.unwanted]
    typed = sorted({word for term in query.terms for word in term.words})
    names = [Term(name) for name in (query.author, author) if name]
    with connection.cursor() as cursor:
        cursor.execute(_LEX, [[term.text for term in terms]])
        lexed = dict(zip(terms, cursor.fetchall(), strict=True))
        cursor.execute(_KNOWN, [typed])
        frequency = dict.fromkeys(typed, 0) | dict(cursor.fetchall())
    # A query of function words alone ("the who") still means something as a name.
    bare = not any(lexed[term][0] for term in query.terms)
    choices = [_either(filter(None, (_asked(*lexed[term], bare) for term in choice))) for choice in query.wanted]
    choices = [choice for choice in choices if choice]
    unwanted = [f"!({prose or name})" for prose, name in (lexed[term] for term in query.unwanted) if prose or name]
    return Lexed(
        every=" & ".join([*choices, *unwanted]) if choices else "",
        any_=_either(choices),
        unwanted=" & ".join(unwanted),
        author=" & ".join(filter(None, map(_name, names))),
        frequency=frequency,
        choices=tuple(choices),
    )


def _asked(prose: str, name: str, bare: bool) -> str:
    if not prose:
        return f"({name})" if bare and name else ""
    return f"({prose})" if prose == name or not name else f"({prose} | {name})"


def _either(parts: Iterable[str]) -> str:
    listed = list(parts)
    return f"({' | '.join(listed)})" if len(listed) > 1 else "".join(listed)


def _name(term: Term) -> str:
    """Each word of the name among the authors; a single letter stands for what it abbreviates."""
    # `Term.words` are letters and digits alone, so that they can be quoted as they are.
    return " & ".join(f"'{word}':{'*' if len(word) == 1 else ''}C" for word in term.words)
