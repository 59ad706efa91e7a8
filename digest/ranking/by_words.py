"""How well papers meet what readers typed: by the words, and by nearness in meaning where vectors are there."""

from collections.abc import Iterator, Sequence

import numpy as np

from digest.ranking.columns import Column, columns_of
from digest.ranking.configuration import Configuration
from digest.ranking.exact import exact, quanta
from digest.ranking.index import Index
from digest.ranking.layers import Floats, Ints
from digest.ranking.meaning import Meaning
from digest.ranking.queries import Query

CLOSE = 0.45
"""The cosine from which a paper without any word of a free text meets it by meaning alone. A key term is to be matched as it
stands: there, nearness only orders what the words have found."""
AS_IT_STANDS = 4
"""A text of so many words or fewer is matched as it stands: added to what words had found, nearness made slates worse about as
often as better."""
TOGETHER = 64
"""Texts that meet all papers at once."""

Key = tuple[str, str, bytes]
"""Kind, value and vector of an interest: before its vector is computed it gives less."""


def met_by_words(
    keys: Sequence[Key], queries: Sequence[Query], index: Index, meaning: Meaning, configuration: Configuration
) -> Iterator[Column]:
    """The column of each interest that is words, some dozens of them at a time."""
    for start in range(0, len(keys), TOGETHER):
        end = start + TOGETHER
        yield from _met(keys[start:end], queries[start:end], index, meaning, configuration)


def _met(
    keys: Sequence[Key], queries: Sequence[Query], index: Index, meaning: Meaning, configuration: Configuration
) -> Iterator[Column]:
    """A match by weighted terms, mixed with how often a paper says just what was typed; n mentions count n / (n + 1)."""
    papers, least = index.papers, configuration.match_floor
    covered, held = index.covered([query.exact for query in queries], [query.folded for query in queries])
    cells = np.flatnonzero(covered >= least if least else covered > 0)
    values = np.minimum(covered[cells], 1.0)
    any_, alone, short = index.wording.mentions([query.pieces for query in queries], cells, papers)
    verbatim, own = configuration.verbatim_share, configuration.own_phrase_share
    mixed = (1.0 - verbatim - own) * values + verbatim * (any_ / (any_ + 1.0)) + own * (alone / (alone + 1.0))
    values = np.where(short[cells // max(papers, 1)], mixed, values)
    if meaning:
        cells, values = _with_meaning(keys, queries, cells, values, meaning, configuration)
    rows = cells // max(papers, 1)
    weights = np.array([getattr(configuration, kind) for kind, _, _ in keys], np.float64)
    given = quanta(exact(weights[rows] * values))
    return columns_of(rows, cells - rows * papers, given, held[cells], len(keys))


def _with_meaning(
    keys: Sequence[Key],
    queries: Sequence[Query],
    cells: Ints,
    values: Floats,
    meaning: Meaning,
    configuration: Configuration,
) -> tuple[Ints, Floats]:
    """The same with what nearness in meaning adds, for the texts that have a vector."""
    known = [row for row, (_, _, vector) in enumerate(keys) if vector]
    near: Iterator[Floats] = iter(meaning.near([keys[row][2] for row in known]) if known else ())
    parts: list[tuple[Ints, Floats]] = []
    edges = np.searchsorted(cells, np.arange(len(keys) + 1) * meaning.papers).tolist()
    for row, ((kind, _, vector), query) in enumerate(zip(keys, queries, strict=True)):
        papers = cells[edges[row] : edges[row + 1]] - row * meaning.papers
        found = values[edges[row] : edges[row + 1]]
        if vector:
            close = next(near)
            if kind == "text":
                papers, found = _with_more(papers, found, np.flatnonzero(close >= CLOSE))
            near_ = configuration.meaning * close[papers]
            # A few words are matched as they stand: nearness finds other papers, and moves none of those that have them.
            found = np.where(found > 0, found, near_) if len(query.pieces) <= AS_IT_STANDS else found + near_
        parts.append((papers + row * meaning.papers, found))
    return np.concatenate([each for each, _ in parts]), np.concatenate([each for _, each in parts])


def _with_more(papers: Ints, values: Floats, more: Ints) -> tuple[Ints, Floats]:
    """The papers with others among them, ascending, whose value is 0."""
    new = np.setdiff1d(more, papers, assume_unique=True)
    together = np.concatenate([papers, new])
    order = np.argsort(together)
    return together[order], np.concatenate([values, np.zeros(len(new))])[order]
