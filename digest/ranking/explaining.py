"""Scores in words: the terms of papers' scores for readers, and which of them are worth saying."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np

from digest.ranking.inputs import Paper, Vote
from digest.ranking.layers import Bools, Floats, Ints
from digest.ranking.matching import clipped
from digest.ranking.slates import Choice, Reason, Term

SMALLEST_SHARE = 0.1
"""A term below this share of the largest explains nothing."""
_VOTED = {
    "more": "which you wanted more of",
    "save": "which you saved",
    "less": "which you wanted less of",
    "mute": "which you muted",
}
TOGETHER = {
    "vote": ("votes together", "what your votes have in common"),
    "less": ("less together", "what your votes against have in common"),
}
"""What votes of one sign give only together: the term's name and words."""


def voted(vote: Vote) -> str:
    """A vote as the ground of a likeness."""
    return f"like “{clipped(vote.paper.title, 80)}”, {_VOTED[vote.kind]}"


class General:
    """What a paper scores with everyone: its terms, and the reason they make when there is room, or nothing else."""

    __slots__ = ("otherwise", "talked_of", "terms")

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms
        self.talked_of = tuple(Reason(term.words, term.handle) for term in terms if term.name == "trending")
        self.otherwise = self.talked_of or tuple(Reason(term.words, term.handle) for term in terms[:1])


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of many choices, in columns; `at` is the choice that each belongs to."""

    at: Ints
    values: Floats
    names: Sequence[str]
    handles: Sequence[str]
    words: Sequence[str]


def choices(
    papers: Sequence[Paper],
    slots: Sequence[str],
    parts: Sequence[Terms],
    general: Sequence[General],
    everyone: Floats,
    most: int,
) -> list[Choice]:
    """Papers with their terms, what the reader's taste gives first and the largest first; a score is their sum.

    `everyone` is what each paper's general terms add up to. At most `most` of the terms are reasons: what the reader asked for
    comes first; attention is mentioned when there is room; age only when nothing else can be said.
    """
    at = np.concatenate([part.at for part in parts])
    values = np.concatenate([part.values for part in parts])
    order = np.lexsort((-values, at))
    at, values = at[order], values[order]
    names, handles, words = (
        _in_order([text for part in parts for text in getattr(part, column)], order) for column in ("names", "handles", "words")
    )
    terms = list(starmap(Term, zip(names, values.tolist(), handles, words, strict=True)))
    ends = np.cumsum(np.bincount(at, minlength=len(papers)))
    starts = np.concatenate([[0], ends[:-1]])
    said = np.flatnonzero(_worth_saying(at, values, np.fromiter(map(bool, handles), bool, len(handles)), starts, most))
    reasons = [Reason(words[place], handles[place]) for place in said.tolist()]
    scores = (np.bincount(at, values, len(papers)) + everyone).tolist()
    bounds = zip(
        starts.tolist(), ends.tolist(), np.searchsorted(said, starts).tolist(), np.searchsorted(said, ends).tolist(), strict=True
    )
    made: list[Choice] = []
    for paper, slot, score, all_, (start, end, first, last) in zip(papers, slots, scores, general, bounds, strict=True):
        if first == last:
            because = all_.otherwise[:most]
            if slot == "serendipity" and start == end:
                because = tuple([Reason(f"outside your topics, {text}", handle) for text, handle in because])
        else:
            because = tuple(reasons[first:last])
            if last - first < most:
                because += all_.talked_of
        made.append(Choice(paper.id, paper.revision, score, slot, (*terms[start:end], *all_.terms), because))
    return made


def _in_order(texts: Sequence[str], order: Ints) -> list[str]:
    return [texts[place] for place in order.tolist()]


def _worth_saying(at: Ints, values: Floats, handled: Bools, starts: Ints, most: int) -> Bools:
    """Which terms, the largest of each choice first, become reasons: what adds something and can be undone.

    Where no such term is, the first that adds something.
    """
    usable = handled & (values > 0)
    alone = np.zeros(len(starts), bool)
    alone[at] = True
    alone[at[usable]] = False
    first = starts[alone]
    usable[first] = values[first] > 0
    rank = np.cumsum(usable)
    before = np.concatenate([[0], rank])[starts][at]
    largest = np.zeros(len(starts))
    heads = np.flatnonzero(usable & (rank - before == 1))
    largest[at[heads]] = values[heads]
    # Within a choice the values fall, so what is too small comes last.
    worth: Bools = usable & (values > SMALLEST_SHARE * largest[at]) & (rank - before <= most)
    return worth
