"""What votes say, in words: the terms in which a reader's taste lies, as strong as the ranking takes them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.content import ContentModel
from digest.ranking.index import Index
from digest.ranking.inputs import Paper, Vote
from digest.ranking.terms import fold
from digest.ranking.votes import Ballot

_NEARLY = 0.6
"""A pair of words is said instead of one of them when it weighs at least this share of it."""
_PAIR = 2
_TELLING = 0.45
"""Rarity below which a word says nothing to a reader: about one paper in ten has it."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A term of a taste: its words, its weight in the taste in (0, 1], and how many of the votes hold it."""

    words: str
    weight: float
    held: int
    votes: int


@dataclass(frozen=True, slots=True)
class _Term:
    words: tuple[str, ...]
    weight: float
    held: int
    telling: bool


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

    The weights are those that `votes` ranks by. `now` is in epoch seconds.
    """
    chosen = [vote for vote in votes if vote.kind in kinds]
    if not chosen:
        return ()
    terms = _terms(chosen, configuration, now, model, of)
    texts = [fold(f"{vote.paper.title} . {vote.paper.abstract}") for vote in chosen]
    spoken: list[Spoken] = []
    taken: set[str] = set()
    for term in terms:
        if len(spoken) == most:
            break
        if not term.telling or taken.intersection(term.words):
            continue
        pairs = (each for each in terms if _says_more(each, term, taken))
        said = next((each for each in pairs if any(_written(each.words, text) for text in texts)), term)
        taken.update(said.words)
        spoken.append(Spoken(" ".join(said.words), said.weight, said.held, len(chosen)))
    return tuple(spoken)


def _terms(
    votes: Sequence[Vote], configuration: Configuration, now: float, model: ContentModel, of: Paper | None
) -> list[_Term]:
    """Every term of the taste that the paper holds, the weightiest first."""
    papers = list({vote.paper.id: vote.paper for vote in votes}.values())
    index = Index(papers, model)
    ballot = Ballot(papers, index, configuration)
    read = ballot.read(votes, now)
    cast = read.cast(votes)
    columns, weights = ballot.taste(cast, read)
    own = None if of is None else set(index.read([of]).indices.tolist())
    holders = np.bincount(read.presence[list(cast.rows)].indices, minlength=read.presence.shape[1])
    return [
        _Term(words, weight, int(holders[column]), index.rarity[column] >= _TELLING and _word_like(words))
        for weight, column in sorted(zip(weights.tolist(), columns.tolist(), strict=True), key=lambda each: (-each[0], each[1]))
        if weight > 0 and (own is None or column in own)
        for words in (tuple(index.lexicon.phrase(int(index.model.exact.codes[column])).split()),)
    ]


def _says_more(pair: _Term, term: _Term, taken: set[str]) -> bool:
    """Whether a pair of words says nearly as much in as many votes: "koopman operators" rather than "koopman"."""
    return (
        len(pair.words) == _PAIR
        and set(term.words) <= set(pair.words)
        and pair.weight >= _NEARLY * term.weight
        and pair.held >= term.held
        and _word_like(pair.words)
        and not taken.intersection(pair.words)
    )


def _word_like(words: Sequence[str]) -> bool:
    return any(len(word) > 2 and not word.isdigit() for word in words)


def _written(words: Sequence[str], text: str) -> bool:
    """Whether a text has the words side by side, with no function word between."""
    return re.search(rf"(?<![\w-]){'[ ]+'.join(map(re.escape, words))}(?![\w-])", text) is not None
