"""Papers alike in content: how much of what one says, weighed by how rare its words are, another says too."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.inputs import Paper
from digest.ranking.terms import BREAK, Lexicon, phrases

_TITLE = 2
"""A word of the title counts as often as this many of the abstract's."""
_PAIR = 0.7
"""A pair of words counts this much of what its words do together."""
SHARED = 4
"""Terms named as what two papers have in common, at most."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """`score` in [0, 1] is the share of the first paper's weight that this one holds, `shared` what gave most of it."""

    paper: int
    score: float
    shared: tuple[str, ...]


def neighbours(paper: Paper, others: Sequence[Paper], frequency: Mapping[str, int], documents: int) -> list[Neighbour]:
    """The others that share anything with a paper, the most alike first, of equals the newest id.

    `frequency` counts the papers that hold a word, of `documents`; a word it does not know is taken to be as rare as any. A
    term's weight is f / (f + 1) times log((N + 1) / (n + 0.5)), f counting its uses in `paper` (BM25 without length norm).
    """
    lexicon = Lexicon()
    weights = _weights(paper, lexicon, frequency, documents)
    whole = sum(weights.values()) or 1.0
    found = []
    for other in others:
        held = _uses(other, lexicon)
        shared = {term: weight * _saturated(held[term]) for term, weight in weights.items() if term in held}
        score = sum(shared.values()) / whole
        if score > 0:
            found.append(Neighbour(other.id, min(1.0, score), _named(shared, lexicon)))
    return sorted(found, key=lambda each: (-each.score, -each.paper))


def words_of(paper: Paper) -> list[str]:
    """The different words of a paper, as their frequencies are asked for."""
    lexicon = Lexicon()
    _uses(paper, lexicon)
    return lexicon.words[1:]


def telling(paper: Paper, frequency: Mapping[str, int], documents: int, count: int) -> list[str]:
    """The words that tell most about a paper, the most telling first."""
    lexicon = Lexicon()
    weights = _weights(paper, lexicon, frequency, documents)
    single = {lexicon.phrase(term): weight for term, weight in weights.items() if " " not in lexicon.phrase(term)}
    return sorted(single, key=lambda word: (-single[word], word))[:count]


def _uses(paper: Paper, lexicon: Lexicon) -> Counter[int]:
    title = lexicon.read(paper.title)
    rest = lexicon.read(". ".join([paper.abstract, *paper.keywords]))
    uses: Counter[int] = Counter()
    for numbers, times in ((title, _TITLE), (rest, 1)):
        array = np.array([number for number in numbers if number >= BREAK], np.int64)
        for length in (1, 2):
            for code in phrases(array, length)[0].tolist():
                uses[code] += times
    uses.pop(0, None)
    return uses


def _weights(paper: Paper, lexicon: Lexicon, frequency: Mapping[str, int], documents: int) -> dict[int, float]:
    def rarity(word: str) -> float:
        return math.log((documents + 1) / (min(frequency.get(word, 0), documents) + 0.5))

    weights = {}
    for term, times in _uses(paper, lexicon).items():
        # Single letters are names of variables, and what is left of "e.g.".
        words = [word for word in lexicon.phrase(term).split() if len(word) > 1]
        together = sum(rarity(word) for word in words)
        if together > 0:
            weights[term] = times / (times + 1) * together * (_PAIR if len(words) > 1 else 1)
    return weights


def _saturated(times: int) -> float:
    """How much a term's uses in the other paper count: 0.75 for one, towards 1."""
    return (times + 0.5) / (times + 1)


def _named(shared: Mapping[int, float], lexicon: Lexicon) -> tuple[str, ...]:
    """The heaviest terms, pairs counting double as they say more; a word that is named already is not named again."""
    named: list[str] = []
    phrases_of = {term: lexicon.phrase(term) for term in shared}
    for term in sorted(shared, key=lambda term: (-shared[term] * (2 if " " in phrases_of[term] else 1), term)):
        phrase = phrases_of[term]
        if not any(set(phrase.split()) & set(other.split()) for other in named):
            named.append(phrase)
        if len(named) == SHARED:
            break
    return tuple(named)
