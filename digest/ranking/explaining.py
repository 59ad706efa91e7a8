"""Scores in words: the terms of papers' scores for readers, and which of them are worth saying."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import add, itemgetter
from typing import Any

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


# Named tuples straight from tuples: a third of the time, and there are some dozens of them to a reader.
_TERM: Callable[[Any], Term] = partial(tuple.__new__, Term)
_REASON: Callable[[Any], Reason] = partial(tuple.__new__, Reason)
_CHOICE: Callable[[Any], Choice] = partial(tuple.__new__, Choice)
_HANDLE: Callable[[Term], str] = itemgetter(2)
_WORDS_AND_HANDLE: Callable[[Term], tuple[str, str]] = itemgetter(3, 2)


def voted(vote: Vote) -> str:
    """A vote as the ground of a likeness."""
    return f"like “{clipped(vote.paper.title, 80)}”, {_VOTED[vote.kind]}"


class General:
    """What a paper scores with everyone: its terms, and the reason they make when there is room, or nothing else; `outside` is

    that reason for a paper outside a profile.
    """

    __slots__ = ("otherwise", "outside", "paper", "revision", "talked_of", "terms")

    def __init__(self, paper: Paper, terms: tuple[Term, ...]) -> None:
        self.paper, self.revision = paper.id, paper.revision
        self.terms = terms
        self.talked_of = tuple(Reason(term.words, term.handle) for term in terms if term.name == "trending")
        self.otherwise = self.talked_of or tuple(Reason(term.words, term.handle) for term in terms[:1])
        self.outside = tuple(Reason(f"outside your topics, {text}", handle) for text, handle in self.otherwise)


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of many choices; `at` is the choice that each belongs to."""

    at: Ints
    values: Floats
    terms: list[Term]

    @classmethod
    def of(cls, at: Ints, values: Floats, names: Iterable[str], handles: Iterable[str], words: Iterable[str]) -> "Terms":
        """From columns."""
        return cls(at, values, list(map(_TERM, zip(names, values.tolist(), handles, words, strict=True))))

    @classmethod
    def together(cls, parts: Sequence["Terms"]) -> "Terms":
        """All of them, ordered by choice and the largest value first; of equal ones those of the earlier part."""
        at = np.concatenate([part.at for part in parts])
        values = np.concatenate([part.values for part in parts])
        order = np.lexsort((-values, at))
        terms = parts[0].terms if len(parts) == 1 else [term for part in parts for term in part.terms]
        return cls(at[order], values[order], list(map(terms.__getitem__, order.tolist())))


def choices(slots: Sequence[str], terms: Terms, general: Sequence[General], everyone: Floats, most: int) -> list[Choice]:
    """Papers with their terms, as `Terms.together` orders them, and the general ones last; a score is their sum.

    `everyone` is what each paper's general terms add up to. At most `most` of the terms are reasons: what the reader asked for
    comes first; attention is mentioned when there is room; age only when nothing else can be said.
    """
    count = len(slots)
    said = np.flatnonzero(_worth_saying(terms, count, most))
    own = tuple(terms.terms)
    reasons = tuple(map(_REASON, map(_WORDS_AND_HANDLE, map(own.__getitem__, said.tolist()))))
    edges = np.concatenate([[0], np.cumsum(np.bincount(terms.at, minlength=count))])
    said_edges = np.searchsorted(said, edges)
    scores = np.bincount(terms.at, terms.values, count) + everyone
    more = [
        () if found >= most else each.talked_of if found else _alone(each, slot, terms=bool(held))[:most]
        for each, slot, found, held in zip(general, slots, np.diff(said_edges).tolist(), np.diff(edges).tolist(), strict=True)
    ]
    return list(
        map(
            _CHOICE,
            zip(
                [each.paper for each in general],
                [each.revision for each in general],
                scores.tolist(),
                slots,
                map(add, _cut(own, edges), [each.terms for each in general]),
                map(add, _cut(reasons, said_edges), more),
                strict=True,
            ),
        )
    )


def _alone(general: General, slot: str, *, terms: bool) -> tuple[Reason, ...]:
    """The reasons of a paper where no term of its own is one."""
    return general.outside if slot == "serendipity" and not terms else general.otherwise


def _cut(row: tuple[Any, ...], edges: Ints) -> Iterator[tuple[Any, ...]]:
    """The runs of a row between one edge and the next."""
    places = edges.tolist()
    return map(row.__getitem__, map(slice, places, places[1:]))


def _worth_saying(terms: Terms, choices: int, most: int) -> Bools:
    """Which terms become reasons: what adds something and can be undone; where there is none, the first that adds something."""
    at, values = terms.at, terms.values
    counts = np.bincount(at, minlength=choices)
    starts = np.cumsum(counts) - counts
    usable = (values > 0) & np.fromiter(map(bool, map(_HANDLE, terms.terms)), bool, len(at))
    silent = counts > 0
    silent[at[usable]] = False
    first = starts[silent]
    usable[first] = values[first] > 0
    rank = np.cumsum(usable)
    rank -= np.concatenate([[0], rank])[starts][at]
    largest = np.zeros(choices)
    heads = np.flatnonzero(usable & (rank == 1))
    largest[at[heads]] = values[heads]
    # Within a choice the values fall, so what is too small comes last.
    worth: Bools = usable & (values > SMALLEST_SHARE * largest[at]) & (rank <= most)
    return worth
