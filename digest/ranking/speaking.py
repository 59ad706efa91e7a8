"""What votes say, in words: the terms in which a reader's taste lies, as strong as the ranking takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.content import ContentModel, Floats, Index, Ints
from digest.ranking.inputs import Paper, Vote
from digest.ranking.terms import _TOKEN, BREAK, Lexicon, fold
from digest.ranking.votes import Ballot

_NEARLY = 0.6
_LONGEST = 2
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
    spoken: list[Spoken] = []
    taken: set[str] = set()
    for place in np.argsort(-direction, kind="stable").tolist():
        if len(spoken) == most or direction[place] <= 0:
            break
        if taken & set(phrases[place]) or all(len(word) < 3 or word.isdigit() for word in phrases[place]):
            continue
        chosen = _longer(place, phrases, direction, held, taken)
        words = phrases[chosen]
        taken |= set(words)
        shown = next((found for paper in papers if (found := _as_written(words, paper, index.lexicon))), " ".join(words))
        spoken.append(Spoken(shown, float(direction[chosen]), int(held[chosen]), len(taste.votes)))
    return tuple(spoken)


def _longer(place: int, phrases: Sequence[tuple[str, ...]], direction: Floats, held: Ints, taken: set[str]) -> int:
    """A pair around a word that says nearly as much in as many votes: "koopman operators" rather than "koopman"."""
    own = set(phrases[place])
    around = [
        other
        for other in np.flatnonzero((direction >= _NEARLY * direction[place]) & (held >= held[place])).tolist()
        if len(phrases[other]) <= _LONGEST and own <= set(phrases[other]) and not taken & set(phrases[other])
    ]
    return max(around, key=lambda other: (len(phrases[other]), direction[other]), default=place)


def _as_written(words: Sequence[str], paper: Paper, lexicon: Lexicon) -> str:
    """The phrase as the paper writes it, folded; empty where it does not."""
    text = fold(f"{paper.title}. {paper.abstract}")
    wanted = [lexicon.number(word) for word in words]
    tokens = [(lexicon.number(found[0]), *found.span()) for found in _TOKEN.finditer(text)]
    read = [token for token in tokens if token[0] >= BREAK]
    for at in range(len(read) - len(wanted) + 1):
        written = text[read[at][1] : read[at + len(wanted) - 1][2]]
        if [number for number, _, _ in read[at : at + len(wanted)]] == wanted and not set(written) & _PUNCTUATION:
            return written
    return ""
