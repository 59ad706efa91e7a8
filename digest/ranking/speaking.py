"""What votes say, in words: the terms in which a reader's taste lies, as strong as the ranking takes them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.content import ContentModel, Floats, Index, Ints
from digest.ranking.inputs import Paper, Vote
from digest.ranking.terms import _TOKEN, BREAK, Lexicon, fold
from digest.ranking.votes import Ballot

_NEARLY = 0.6
_TELLING = 0.45
"""Rarity below which a word says nothing to a reader: about one paper in ten has it."""
_PAIR = 2
_SPACES = re.compile(r"[\s-]+")
_PUNCTUATION = frozenset(',;:()[]"“”.!?')


@dataclass(frozen=True, slots=True)
class Spoken:
    """A term of a taste: its words, its share of the taste's direction in (0, 1], and how many of the votes hold it."""

    words: str
    weight: float
    held: int
    votes: int


def speak(
    votes: Sequence[Vote],
    kinds: Sequence[str],
    configuration: Configuration,
    now: float,
    model: ContentModel,
    *,
    of: Paper | None = None,
    most: int = 4,
) -> tuple[Spoken, ...]:
    """The strongest terms of the votes of these kinds, or of those among them that a paper holds; no word in two of them.

    The direction is the one that `votes.Taste` ranks by, over the words of the papers voted on. `now` is epoch seconds.
    """
    papers = [vote.paper for vote in votes if vote.kind in kinds]
    if not papers:
        return ()
    index = Index(papers, model)
    taste = Ballot(papers, index, configuration).taste(votes, kinds, now)
    if taste is None or not taste.direction.any():
        return ()
    direction, held = taste.direction.copy(), (taste.vectors > 0).sum(axis=0)
    if of is not None:
        own = index.encode([of]).indices
        direction[~np.isin(taste.columns, own)] = 0.0
    phrases = [tuple(index.lexicon.phrase(int(code)).split()) for code in index.vocabulary[taste.columns]]
    texts = _Texts(papers, index.lexicon)
    spoken: list[Spoken] = []
    taken: set[str] = set()
    for place in np.argsort(-direction, kind="stable").tolist():
        if len(spoken) == most or direction[place] <= 0:
            break
        if taken & set(phrases[place]) or index.rarity[taste.columns[place]] < _TELLING or all(len(word) < 3 or word.isdigit() for word in phrases[place]):
            continue
        around = _around(place, phrases, direction, held, taken)
        chosen = next((other for other in around if texts.written(phrases[other])), place)
        words = phrases[chosen]
        taken |= set(words)
        shown = texts.written(words) or " ".join(words)
        spoken.append(Spoken(shown, float(direction[chosen]), int(held[chosen]), len(taste.votes)))
    return tuple(spoken)


def _around(place: int, phrases: Sequence[tuple[str, ...]], direction: Floats, held: Ints, taken: set[str]) -> list[int]:
    """Pairs around a word that say nearly as much in as many votes, the strongest first, then the word itself.

    "Koopman operators" tells a reader more than "koopman".
    """
    own = set(phrases[place])
    pairs = [
        other
        for other in np.flatnonzero((direction >= _NEARLY * direction[place]) & (held >= held[place])).tolist()
        if other != place and len(phrases[other]) == _PAIR and own <= set(phrases[other]) and not taken & set(phrases[other])
    ]
    return [*sorted(pairs, key=lambda other: -direction[other]), place]


class _Texts:
    """Papers as they were written, each read once."""

    def __init__(self, papers: Sequence[Paper], lexicon: Lexicon) -> None:
        self._papers, self._lexicon = papers, lexicon

    def written(self, words: Sequence[str]) -> str:
        """The phrase as one of the papers writes it, folded, word by word and nothing between; empty where none does."""
        wanted = [self._lexicon.number(word) for word in words]
        for text, tokens in self._read:
            for at in range(len(tokens) - len(wanted) + 1):
                if [number for number, _, _ in tokens[at : at + len(wanted)]] == wanted:
                    found = text[tokens[at][1] : tokens[at + len(wanted) - 1][2]]
                    if len(_SPACES.split(found)) == len(wanted) and not set(found) & _PUNCTUATION:
                        return found
        return ""

    @cached_property
    def _read(self) -> list[tuple[str, list[tuple[int, int, int]]]]:
        """Each folded text with its words: number, start, end; stop words left out."""
        read = []
        for paper in self._papers:
            text = fold(f"{paper.title}. {paper.abstract}")
            tokens = [(self._lexicon.number(found[0]), *found.span()) for found in _TOKEN.finditer(text)]
            read.append((text, [token for token in tokens if token[0] >= BREAK]))
        return read
