"""Papers read: a stream of words, and from it counts of words and phrases, in the exact and in the folded layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.inputs import Paper
from digest.ranking.terms import BREAK, LONGEST, PUNCTUATION, Codes, Lexicon, Numbered, fold, packed, phrases, unpacked

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
    # Most of what stands between spaces is met again and again: each different chunk is read once.
    read: list[list[int]] = []

    def first_met(chunk: str) -> int:
        # A space follows every chunk, as marks that end a sentence need.
        read.append(lexicon.read_folded(chunk + " "))
        return len(read) - 1

    known = Numbered(first_met)
    chunks: list[int] = []
    lengths: list[int] = []
    for paper in papers:
        title = fold(paper.title + PAUSE).split()
        rest = fold(PAUSE.join((paper.abstract, *paper.keywords, ""))).split()
        chunks += map(known.__getitem__, title)
        chunks += map(known.__getitem__, rest)
        lengths += (len(title), len(rest))
    sizes = np.array([len(each) for each in read], np.int64)
    flat = np.array([number for each in read for number in each], np.int64)
    numbers, origin = _replaced(np.array(chunks, np.int64), flat, sizes)
    part = np.repeat(np.arange(len(lengths)), lengths)[origin]
    title_words: Bools = part % 2 == 0
    return Stream(numbers, part // 2, title_words, len(papers))


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
    return _replaced((np.cumsum(present) - 1)[shifted], flat, sizes)


def _replaced(runs: Ints, flat: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """A stream of runs, given by number, written out, and the place each element comes from.

    `flat` holds the different runs one after the other, `sizes` how long each is.
    """
    lengths = sizes[runs]
    ends = np.cumsum(lengths)
    origin: Ints = np.repeat(np.arange(len(runs)), lengths)
    places = (np.cumsum(sizes) - sizes)[runs]
    places -= ends
    places += lengths
    at = places[origin]
    at += np.arange(len(at))
    return flat[at], origin


def spread(sizes: Ints) -> tuple[Ints, Ints]:
    """For runs of the given sizes one after the other: the run of each element, and its place in the run."""
    runs: Ints = np.repeat(np.arange(len(sizes)), sizes)
    within: Ints = np.arange(len(runs)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return runs, within


def counted(numbers: Codes, owners: Ints, papers: int) -> Layer:
    """The phrases of a stream without signs, counted; owners ascend."""
    words, small = _words(numbers)
    bits, room = len(words).bit_length(), papers.bit_length()
    vocabularies, starts_at, rows, counts = [], [], [], []
    before = 0
    for length in range(1, LONGEST + 1):
        codes, starts = phrases(small, length, bits)
        distinct = None
        if length * bits + room > _LARGEST:
            distinct, codes = np.unique(codes, return_inverse=True)
        # A phrase and a paper in one number: sorted, equal ones stand together, phrase by phrase and paper by paper.
        keys = codes << room
        keys |= owners[starts]
        keys.sort()
        first = np.flatnonzero(_changes(keys))
        counts.append(np.diff(first, append=len(keys)).astype(np.int32))
        cells = keys[first]
        rows.append((cells & ((1 << room) - 1)).astype(np.int32))
        cells >>= room
        heads = np.flatnonzero(_changes(cells))
        found = cells[heads] if distinct is None else distinct[cells[heads]]
        vocabularies.append(packed([words[each] for each in unpacked(found, length, bits)]))
        starts_at.append(heads + before)
        before += len(cells)
    # Longer phrases have larger codes, so the vocabulary ascends; and every phrase's papers come in order.
    vocabulary = np.concatenate(vocabularies)
    parts = (np.concatenate(counts), np.concatenate(rows), np.concatenate([*starts_at, [before]]))
    return Layer(vocabulary, sparse.csr_array(parts, shape=(len(vocabulary), papers)))


_LARGEST = 62
"""Bits of a whole number that is more than zero."""


def _changes(ascending: Ints) -> Bools:
    """Where a number stands that is not the one before it."""
    changes: Bools = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=changes[1:])
    return changes


def distinct(numbers: Ints) -> Ints:
    """Each number once, ascending. (NumPy's own way to it hashes, which takes longer for some thousands.)"""
    ascending = np.sort(numbers)
    once: Ints = ascending[_changes(ascending)]
    return once


def _words(numbers: Codes) -> tuple[Codes, Ints]:
    """The different words of a stream, ascending, BREAK before them; and the place among them of each of the stream."""
    present = np.zeros(int(numbers.max(initial=BREAK)) + 1, bool)
    present[numbers] = True
    present[BREAK] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[numbers]
