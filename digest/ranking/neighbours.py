"""Papers alike in content: how much of what one says, weighed by how rare its words are, another says too."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from digest.ranking.inputs import Paper
from digest.ranking.terms import STOP_WORDS, fold, stem

_TITLE = 2
"""A word of the title counts as often as this many of the abstract's."""
_PAIR = 0.7
"""A pair of words counts this much of what its words do together."""
SHARED = 4
"""Terms named as what two papers have in common, at most."""
_SENTENCE = re.compile(r"[.!?;:](?:\s|$)")
# Single letters are names of variables, and what is left of "e.g.".
_WORD = re.compile(r"[^\W_]{2,}")


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
    weights = _weights(paper, frequency, documents)
    whole = sum(weights.values()) or 1.0
    found = []
    for other in others:
        held = _uses(other)
        shared = {term: weight * _saturated(held[term]) for term, weight in weights.items() if term in held}
        score = sum(shared.values()) / whole
        if score > 0:
            found.append(Neighbour(other.id, min(1.0, score), _named(shared)))
    return sorted(found, key=lambda each: (-each.score, -each.paper))


def words_of(paper: Paper) -> list[str]:
    """The different words of a paper, as their frequencies are asked for: folded, in the singular."""
    return [term for term in _uses(paper) if " " not in term]


def telling(paper: Paper, frequency: Mapping[str, int], documents: int, count: int) -> list[str]:
    """The words that tell most about a paper, the most telling first."""
    single = {term: weight for term, weight in _weights(paper, frequency, documents).items() if " " not in term}
    return sorted(single, key=lambda word: (-single[word], word))[:count]


def _uses(paper: Paper) -> Counter[str]:
    """How often a paper uses each word and each pair of words that stand side by side."""
    uses: Counter[str] = Counter()
    for text, times in ((paper.title, _TITLE), (". ".join([paper.abstract, *paper.keywords]), 1)):
        for sentence in _SENTENCE.split(fold(text)):
            words = [stem(word) for word in _WORD.findall(sentence) if word not in STOP_WORDS]
            for word in words:
                uses[word] += times
            for one, next_ in pairwise(words):
                uses[f"{one} {next_}"] += times
    return uses


def _weights(paper: Paper, frequency: Mapping[str, int], documents: int) -> dict[str, float]:
    def rarity(word: str) -> float:
        return math.log((documents + 1) / (min(frequency.get(word, 0), documents) + 0.5))

    weights = {}
    for term, times in _uses(paper).items():
        words = term.split()
        together = sum(map(rarity, words)) * (_PAIR if len(words) > 1 else 1)
        if together > 0:
            weights[term] = times / (times + 1) * together
    return weights


def _saturated(times: int) -> float:
    """How much a term's uses in the other paper count: 0.75 for one, towards 1."""
    return (times + 0.5) / (times + 1)


def _named(shared: Mapping[str, float]) -> tuple[str, ...]:
    """The heaviest terms, pairs counting double as they say more; a word that is named already is not named again."""
    named: list[str] = []
    for term in sorted(shared, key=lambda term: (-shared[term] * (2 if " " in term else 1), term)):
        if not any(set(term.split()) & set(other.split()) for other in named):
            named.append(term)
        if len(named) == SHARED:
            break
    return tuple(named)
