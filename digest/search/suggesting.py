"""What somebody may be about to type: topics, words, titles."""

from dataclasses import dataclass
from typing import Literal

from django.db import connection

from digest.search.nearby import topics
from digest.search.reading import LONGEST, read, words

_EACH = 4
_LEAST = 3
"""Letters of the last word before titles are looked through."""
_WORDS = """
SELECT word FROM digest_searchword WHERE word LIKE %s AND papers > 1 ORDER BY papers DESC, word LIMIT %s
"""
_TITLES = """
SELECT p.id, p.title FROM (
    SELECT paper_id FROM digest_papersearch WHERE title @@ to_tsquery('digest_prose', %s) LIMIT 300
) s JOIN digest_paper p ON p.id = s.paper_id
WHERE p.merged_into_id IS NULL AND p.withdrawn_at IS NULL
ORDER BY p.upvotes DESC, p.id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` to show; where it leads: a topic (`slug`), a paper (`paper`), or a search for the text."""

    kind: Literal["topic", "words", "paper"]
    text: str
    slug: str = ""
    paper: int = 0


def suggest(prefix: str) -> list[Suggestion]:
    """A dozen suggestions for the beginning of a query: topics, then queries with its last word completed, then papers."""
    prefix = prefix[:LONGEST]
    typed = words(read(prefix).plain)
    if not typed or len(typed[-1]) < 2:
        return []
    found = [Suggestion("topic", near.text, slug=near.slug) for near in topics(" ".join(typed))]
    # `words` are letters and digits alone: no wildcard and no operator is among them.
    *before, last = typed
    asked = " & ".join([f"'{word}'" for word in before] + [f"'{last}':*"])
    with connection.cursor() as cursor:
        cursor.execute(_WORDS, [f"{last}%", _EACH])
        found += [Suggestion("words", " ".join([*before, word])) for (word,) in cursor.fetchall()]
        if len(last) >= _LEAST:
            cursor.execute(_TITLES, [asked, _EACH])
            found += [Suggestion("paper", title, paper=paper) for paper, title in cursor.fetchall()]
    return found
