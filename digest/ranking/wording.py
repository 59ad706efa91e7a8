"""Whether a paper says what a reader typed in the same words, and as a phrase of its own.

A mention is the typed words in their order, accents, case and the choice of hyphen or space aside, and no part of a hyphenated
word. It stands on its own when the words before and after it are function words, punctuation or nothing: "we study language
models." is about language models, "large language models" is about something narrower.
"""

from collections.abc import Sequence

import numpy as np

from digest.ranking.layers import Bools, Floats, Ints, Stream, split
from digest.ranking.terms import BREAK, Lexicon

MOST_WORDS = 8
"""Longer texts are descriptions; nobody repeats them word by word."""
TITLE = 2.0
"""A mention in a title counts as so many."""


class Wording:
    """The words of a batch's papers in their order, found by any of them."""

    def __init__(self, stream: Stream, lexicon: Lexicon) -> None:
        self._pieces, origin = split(stream.numbers, lexicon.pieces)
        self._joined: Bools = np.zeros(len(origin), bool)
        """Whether a piece is hyphenated to the one before it."""
        self._joined[1:] = origin[1:] == origin[:-1]
        self._owners: Ints = stream.owners[origin]
        self._weights: Floats = np.where(stream.title[origin], TITLE, 1.0)
        self._places: Ints = np.argsort(self._pieces)
        self._sorted = self._pieces[self._places]

    def mentions(self, typed: Sequence[int], papers: Ints) -> tuple[Floats, Floats] | None:
        """For each of the given papers (ascending) its mentions, and those that stand on their own.

        `typed` are pieces, as `Lexicon.look_up` gives them. None for a text too long to repeat, or without a word.
        """
        if not 0 < len(typed) <= MOST_WORDS or max(typed) <= BREAK:
            return None
        starts = self._starts(typed)
        ends = starts + len(typed)
        apart = ~self._joined[starts] & ~self._joined[ends % len(self._pieces)] if len(starts) else np.empty(0, bool)
        starts, ends = starts[apart], ends[apart]
        alone = (self._pieces[starts - 1] <= BREAK) & (self._pieces[ends % max(len(self._pieces), 1)] <= BREAK)
        at = np.searchsorted(papers, self._owners[starts])
        met = np.flatnonzero(at < len(papers))
        met = met[papers[at[met]] == self._owners[starts[met]]]
        weights = self._weights[starts[met]]
        all_: Floats = np.bincount(at[met], weights, len(papers)).astype(np.float64)
        own: Floats = np.bincount(at[met], weights * alone[met], len(papers)).astype(np.float64)
        return all_, own

    def _starts(self, typed: Sequence[int]) -> Ints:
        """Where the typed words begin, each followed by the next."""
        ranges = [
            (int(np.searchsorted(self._sorted, word)), int(np.searchsorted(self._sorted, word, "right")), offset)
            for offset, word in enumerate(typed)
            if word > BREAK
        ]
        first, last, offset = min(ranges, key=lambda each: each[1] - each[0])
        starts = self._places[first:last] - offset
        starts = starts[(starts >= 0) & (starts + len(typed) <= len(self._pieces))]
        for step, word in enumerate(typed):
            if step != offset:
                starts = starts[self._pieces[starts + step] == word]
        return starts
