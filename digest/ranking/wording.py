"""Whether a paper says what a reader typed in the same words, and as a phrase of its own.

A mention is the typed words in their order, accents, case and the choice of hyphen or space aside, and no part of a hyphenated
word. It stands on its own when the words before and after it are function words, punctuation or nothing: "we study language
models." is about language models, "large language models" is about something narrower.
"""

from collections.abc import Sequence

import numpy as np

from digest.ranking.layers import Bools, Floats, Ints, Stream, split, spread
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

    def mentions(self, typed: Sequence[Sequence[int]], cells: Ints, papers: int) -> tuple[Floats, Floats, Bools]:
        """For each of the given cells (text * papers + paper, ascending) its mentions, and those that stand on their own.

        `typed` are pieces, as `Lexicon.look_up` gives them. The third answer tells for which texts: one too long to repeat, or
        without a word, has no mention.
        """
        short = np.array([0 < len(each) <= MOST_WORDS and max(each) > BREAK for each in typed], bool)
        text, starts, lengths = self._starts(typed, np.flatnonzero(short))
        total = max(len(self._pieces), 1)
        ends = (starts + lengths) % total
        apart = ~self._joined[starts] & ~self._joined[ends]
        text, starts, ends = text[apart], starts[apart], ends[apart]
        wanted = text * papers + self._owners[starts]
        at = np.searchsorted(cells, wanted)
        met = np.flatnonzero(at < len(cells))
        met = met[cells[at[met]] == wanted[met]]
        at, starts, ends = at[met], starts[met], ends[met]
        weights = self._weights[starts]
        alone = (self._pieces[starts - 1] <= BREAK) & (self._pieces[ends] <= BREAK)
        all_: Floats = np.bincount(at, weights, len(cells)).astype(np.float64, copy=False)
        own: Floats = np.bincount(at, weights * alone, len(cells)).astype(np.float64, copy=False)
        return all_, own, short

    def _starts(self, typed: Sequence[Sequence[int]], short: Ints) -> tuple[Ints, Ints, Ints]:
        """Where words of the short texts begin, each followed by the next: the text, the place, and how long the text is."""
        if not len(short):
            nothing = np.empty(0, np.int64)
            return nothing, nothing, nothing
        texts = short.tolist()
        lengths = np.array([len(typed[text]) for text in texts], np.int64)
        pieces = np.zeros((len(texts), MOST_WORDS), np.int64)
        row, offset = spread(lengths)
        pieces[row, offset] = [piece for text in texts for piece in typed[text]]
        # The rarest word of each text is looked for, of equal ones the first.
        words = np.flatnonzero(pieces[row, offset] > BREAK)
        row, offset = row[words], offset[words]
        first, last = (np.searchsorted(self._sorted, pieces[row, offset], side) for side in ("left", "right"))
        order = np.lexsort((offset, last - first, row))
        rarest = order[np.searchsorted(row, np.arange(len(texts)))]
        run, within = spread((last - first)[rarest])
        starts = self._places[first[rarest][run] + within] - offset[rarest][run]
        fits = np.flatnonzero((starts >= 0) & (starts + lengths[run] <= len(self._pieces)))
        run, starts = run[fits], starts[fits]
        for step in range(int(lengths.max())):
            ends = np.minimum(starts + step, len(self._pieces) - 1)
            said = np.flatnonzero((self._pieces[ends] == pieces[run, step]) | (step >= lengths[run]))
            run, starts = run[said], starts[said]
        return short[run], starts, lengths[run]
