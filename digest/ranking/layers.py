"""Papers read: a stream of words, and from it counts of words and phrases, in the exact and in the folded layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.inputs import Paper
from digest.ranking.terms import BREAK, LONGEST, PUNCTUATION, Codes, Lexicon, phrases

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PAUSE = " .\n"
"""Between the parts of a paper, so that no phrase runs from one into the next."""


@dataclass(frozen=True, slots=True)
class Stream:
    """All words of some papers one after the other, signs included: their numbers, and the place of the paper of each.

    `title` holds for the words of titles. Each part of a paper ends with BREAK.
    """

    numbers: Codes
    owners: Ints
    title: Bools
    papers: int


@dataclass(frozen=True, slots=True)
class Layer:
    """`vocabulary`: packed phrases, ascending. `by_phrase` (vocabulary x papers): how often each paper says each."""

    vocabulary: Codes
    by_phrase: sparse.csr_array


def read_papers(papers: Sequence[Paper], lexicon: Lexicon) -> Stream:
    """Titles, abstracts and keywords; the lexicon learns their words."""
    numbers: list[int] = []
    titles: list[int] = []
    lengths: list[int] = []
    for paper in papers:
        title = lexicon.read(paper.title + PAUSE)
        rest = lexicon.read(PAUSE.join((paper.abstract, *paper.keywords, "")))
        numbers += title
        numbers += rest
        titles.append(len(title))
        lengths.append(len(title) + len(rest))
    sizes = np.array(lengths, np.int64)
    starts = np.cumsum(sizes) - sizes
    within = np.arange(int(sizes.sum())) - np.repeat(starts, sizes)
    title_words: Bools = within < np.repeat(np.array(titles, np.int64), sizes)
    return Stream(np.array(numbers, np.int64), np.repeat(np.arange(len(papers)), sizes), title_words, len(papers))


def layers(stream: Stream, lexicon: Lexicon) -> tuple[Layer, Layer]:
    """The exact and the folded layer of what was read."""
    said = stream.numbers >= BREAK
    exact, owners = stream.numbers[said], stream.owners[said]
    folded, origin = split(exact, lexicon.parts)
    return counted(exact, owners, stream.papers), counted(folded, owners[origin], stream.papers)


def split(numbers: Codes, parts: Callable[[int], tuple[int, ...]]) -> tuple[Codes, Ints]:
    """Every number of a stream replaced by its parts, and the place each part comes from; signs stay what they are."""
    shifted = numbers - PUNCTUATION
    present = np.zeros(int(shifted.max(initial=-1)) + 1, bool)
    present[shifted] = True
    distinct = np.flatnonzero(present) + PUNCTUATION
    all_parts = [parts(number) if number > BREAK else (number,) for number in distinct.tolist()]
    sizes = np.array([len(each) for each in all_parts], np.int64)
    flat = np.array([part for each in all_parts for part in each], np.int64)
    which = (np.cumsum(present) - 1)[shifted]
    origin, within = spread(sizes[which])
    starts = np.cumsum(sizes) - sizes
    return flat[starts[which[origin]] + within], origin


def spread(sizes: Ints) -> tuple[Ints, Ints]:
    """For runs of the given sizes one after the other: the run of each element, and its place in the run."""
    runs: Ints = np.repeat(np.arange(len(sizes)), sizes)
    within: Ints = np.arange(len(runs)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return runs, within


def counted(numbers: Codes, owners: Ints, papers: int) -> Layer:
    """The phrases of a stream without signs, counted; owners ascend."""
    vocabularies, columns, rows = [], [], []
    known = 0
    for length in range(1, LONGEST + 1):
        codes, starts = phrases(numbers, length)
        vocabulary, column = _words(codes) if length == 1 else np.unique(codes, return_inverse=True)
        vocabularies.append(vocabulary)
        columns.append((column + known).astype(np.int32))
        rows.append(owners[starts].astype(np.int32))
        known += len(vocabulary)
    # Longer phrases have larger codes, so the vocabulary ascends; and every phrase's papers come in order.
    cells = (np.ones(sum(map(len, rows)), np.float32), (np.concatenate(columns), np.concatenate(rows)))
    return Layer(np.concatenate(vocabularies), sparse.csr_array(cells, shape=(known, papers)))


def _words(codes: Codes) -> tuple[Codes, Ints]:
    """As `np.unique` with its inverse, for the small numbers of single words."""
    present = np.zeros(int(codes.max(initial=-1)) + 1, bool)
    present[codes] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[codes]
