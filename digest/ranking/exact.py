"""Sums without rounding: every term of a score is a whole multiple of one small power of two."""

import numpy as np

from digest.ranking.layers import Floats, Ints

QUANTUM = 2.0**-20
"""Sums of millions of terms are then exact, in whatever order they are added; so a score is exactly the sum of its terms, and
taking a term away lowers it by exactly that term."""
TIE = 2.0**-44
"""What a place costs in the key by which papers are ordered: less than QUANTUM for a million places, so that of equal scores
the lower id comes first, and a score below 2^9 still fits into a double together with it."""


def exact(values: Floats) -> Floats:
    """Values rounded to whole multiples of QUANTUM."""
    rounded: Floats = np.round(values / QUANTUM) * QUANTUM
    return rounded


def quanta(values: Floats) -> Ints:
    """Exact values as so many QUANTA."""
    whole: Ints = (values / QUANTUM).astype(np.int64)
    return whole
