"""The papers that meet one interest, as a row of whole numbers: each holds a place, what is given and how much is held."""

from collections.abc import Iterator

import numpy as np

from digest.ranking.layers import Ints

PLACE_BITS, HELD_BITS, GIVEN_BITS = 24, 8, 24
_MOST = (1 << GIVEN_BITS) - 1


class Column:
    """The papers that meet an interest, those that it meets best first.

    `packed` holds in one number the paper's place, how many of the interest's words it holds (0 where it is not words) and what
    the interest gives it, weighted and in quanta (see `exact`), more than nothing.
    """

    __slots__ = ("packed", "size")

    def __init__(self, packed: Ints) -> None:
        self.packed = packed
        self.size = len(packed)


def columns_of(rows: Ints, papers: Ints, given: Ints, held: Ints, count: int) -> Iterator[Column]:
    """`count` columns from papers of any order, with the row of each; what is given nothing is left out."""
    some = np.flatnonzero(given > 0)
    # One number to sort by: the row, then what is given, most first, then the place.
    keys = (rows[some] << GIVEN_BITS) | (_MOST - given[some])
    keys = (((keys << PLACE_BITS) | papers[some]) << HELD_BITS) | held[some]
    keys.sort()
    ends = np.searchsorted(keys, np.arange(1, count + 1) << (GIVEN_BITS + PLACE_BITS + HELD_BITS)).tolist()
    places = (keys >> HELD_BITS) & ((1 << PLACE_BITS) - 1)
    packed = _MOST - ((keys >> (PLACE_BITS + HELD_BITS)) & _MOST)
    packed = (((packed << HELD_BITS) | (keys & ((1 << HELD_BITS) - 1))) << PLACE_BITS) | places
    start = 0
    for end in ends:
        yield Column(packed[start:end].copy())
        start = end


def places_in(packed: Ints) -> Ints:
    """The papers' places in columns."""
    return packed & ((1 << PLACE_BITS) - 1)


def held_in(packed: Ints) -> Ints:
    """How many words the papers of columns hold."""
    return (packed >> PLACE_BITS) & ((1 << HELD_BITS) - 1)


def given_in(packed: Ints) -> Ints:
    """What the papers of columns are given, in quanta."""
    return packed >> (PLACE_BITS + HELD_BITS)
