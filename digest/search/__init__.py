"""Finding papers: by the words they hold, misspelled or not, by what they mean, and by their likeness to another paper.

paper stored -> a note (trigger) -> refresh: words, spelling -> embed_waiting: meaning     ||DB||
typed -> find -> Results          paper -> similar          the beginning of a query -> suggest
"""

from digest.search.asking import Cursor, Filters, Hit, Match, Nearby, Piece, Results
from digest.search.finding import find
from digest.search.keeping import Refreshed, note_all, refresh, refresh_all
from digest.search.similar import Similar, similar
from digest.search.suggesting import Suggestion, suggest
from digest.search.vectors import embed_texts, embed_waiting, stored, texts_waiting, waiting

__all__ = [
    "Cursor",
    "Filters",
    "Hit",
    "Match",
    "Nearby",
    "Piece",
    "Refreshed",
    "Results",
    "Similar",
    "Suggestion",
    "embed_texts",
    "embed_waiting",
    "find",
    "note_all",
    "refresh",
    "refresh_all",
    "similar",
    "stored",
    "suggest",
    "texts_waiting",
    "waiting",
]
