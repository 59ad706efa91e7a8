"""Words that no paper uses, and what was probably meant: "kopman learnig" -> "koopman learning"."""

import string
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.db import connection

# Misspelled words stand in papers too; a word this many times as common one edit away is the likelier one.
_MUCH_MORE = 50
_RARE = 20
"""A word in more papers than this is not asked about."""
_LETTERS = string.ascii_lowercase + string.digits

# "walk" is no misspelling where papers say "walking".
_STEMMED = "SELECT EXISTS (SELECT 1 FROM digest_papersearch WHERE document @@ plainto_tsquery('digest_prose', %s))"
_KNOWN = "SELECT word, papers FROM digest_searchword WHERE word = ANY(%s)"
_ALIKE = """
SELECT word, papers FROM digest_searchword
WHERE word %% %(word)s AND length(word) BETWEEN %(least)s AND %(most)s
ORDER BY similarity(word, %(word)s) DESC, papers DESC LIMIT 40
"""


def corrections(frequency: Mapping[str, int]) -> dict[str, str]:
    """For each word, with the number of papers that hold it, what was probably meant; words that need no mending are left out.

    A word that no paper holds gets the nearest that one does: one edit away (an edit is a letter more, less, other, or two
    changed about), else cut in two known words, else up to two edits away, three in long words; of equals the commonest.
    """
    found = {}
    for word, papers in frequency.items():
        if papers <= _RARE and len(word) > 2 and word.isalpha() and word.isascii() and (better := _better(word, papers)):
            found[word] = better
    return found


def _better(word: str, papers: int) -> str:
    near = _known(edits(word))
    likeliest = max(near, key=lambda other: (near[other], other), default="")
    if papers:
        return likeliest if near.get(likeliest, 0) >= papers * _MUCH_MORE else ""
    if _stemmed(word):
        return ""
    return likeliest or _in_two(word) or _alike(word)


def _stemmed(word: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_STEMMED, [word])
        return bool(cursor.fetchone()[0])


def _in_two(word: str) -> str:
    cuts = [(word[:at], word[at:]) for at in range(3, len(word) - 2)]
    known = _known({part for cut in cuts for part in cut})
    whole = [cut for cut in cuts if cut[0] in known and cut[1] in known]
    best = max(whole, key=lambda cut: min(known[part] for part in cut), default=None)
    return " ".join(best) if best else ""


def _alike(word: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_ALIKE, {"word": word, "least": len(word) - 3, "most": len(word) + 3})
        candidates: Sequence[tuple[str, int]] = cursor.fetchall()
    most = 1 if len(word) < 6 else 2 if len(word) < 10 else 3
    near = [(distance(word, other), -papers, other) for other, papers in candidates]
    edits_away, _, other = min(near, default=(most + 1, 0, ""))
    return other if edits_away <= most else ""


def _known(words: Iterable[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [list(words)])
        return dict(cursor.fetchall())


def edits(word: str) -> set[str]:
    """Every word one edit away (after Norvig, "How to Write a Spelling Corrector", 2007)."""

    def made() -> Iterator[str]:
        for at in range(len(word) + 1):
            head, tail = word[:at], word[at:]
            if tail:
                yield head + tail[1:]
            if len(tail) > 1:
                yield head + tail[1] + tail[0] + tail[2:]
            for letter in _LETTERS:
                yield head + letter + tail
                if tail:
                    yield head + letter + tail[1:]

    return set(made()) - {word, ""}


def distance(one: str, other: str) -> int:
    """Edits between two words (optimal string alignment: Damerau, 1964, each place changed once)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        row = [at]
        for place, against in enumerate(other, 1):
            cost = min(last[place] + 1, row[-1] + 1, last[place - 1] + (letter != against))
            if at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == against:
                cost = min(cost, before[place - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
