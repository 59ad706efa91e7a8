"""Where sentences end, and extracts that end there too."""

import re

_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.\s?g|i\.\s?e|i\.\s?i|et al|etc|cf|vs|resp|approx|ca|w\.r\.t|a\.k\.a"
    r"|Figs?|Eqs?|Refs?|Secs?|Sect|Tab|Nos?|Dr|Prof|St|Mr|Mrs|Ms)"
    r"|(?:^|[\s(])[A-Z])\.$"
)
_FEWEST, _MOST = 3, 5
_END = re.compile(r"[.!?。！？][\"'’”)\]]*(?=\s+[^a-z\s])|[。！？]")


def sentences(text: str) -> list[str]:
    """The sentences of clean text, in order, without the space between them."""
    found, start = [], 0
    for match in _END.finditer(text):
        if _ABBREVIATION.search(text, max(start, match.end() - 12), match.end()):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    if rest := text[start:].strip():
        found.append(rest)
    return found


def _first(text: str, found: list[str]) -> str:
    """The text up to the end of these sentences, the first ones of it: Chinese ones have no space between them."""
    end = 0
    for sentence in found:
        end = text.index(sentence, end) + len(sentence)
    return text[:end].lstrip()


def extract(text: str, limit: int) -> str:
    """The first sentences of clean text, as many as fit `limit` characters.

    When not even the first fits, it is cut at a word and ends with an ellipsis, which counts.
    """
    if len(text) <= limit:
        return text
    length = 0
    taken: list[str] = []
    for sentence in sentences(text):
        length += len(sentence) + bool(taken)
        if length > limit:
            break
        taken.append(sentence)
    if taken:
        return _first(text, taken)
    cut = text[: max(limit - 1, 0)]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:") + "…"


def opening(text: str, limit: int) -> str:
    """The first sentences of clean text, three to five: as many as fit `limit` characters, and the first three though they take
    half as much again, for the first ones of an abstract say what is known, and what is new comes after them.

    Fewer when three would take more, or there are no more. When not even the first fits, `extract` cuts it.
    """
    room = limit + limit // 2
    length, taken = 0, 0
    found = sentences(text)[:_MOST]
    for sentence in found:
        length += len(sentence) + bool(taken)
        if length > (room if taken < _FEWEST else limit):
            break
        taken += 1
    return _first(text, found[:taken]) if taken else extract(text, room)
