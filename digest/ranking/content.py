"""What the stored corpus teaches about words, and the papers of one batch as vectors over their words and phrases."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.inputs import Paper
from digest.ranking.terms import BREAK, LONGEST, Codes, Lexicon, phrases

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TITLE_WEIGHT = 2.0
"""A word of the title counts as often as this many of the abstract's."""
SATURATION = 1.0
"""BM25's k1 without its length norm: frequency f counts as f / (f + SATURATION)."""


class BadModel(ValueError):
    """Stored octets that are no content model; the message says what to do."""


def _counts(papers: Sequence[Paper], lexicon: Lexicon) -> tuple[Codes, sparse.csr_array]:
    """The batch's vocabulary of packed phrases, sorted, and how often each paper holds each, the title counted double."""
    streams: list[int] = []
    lengths: list[int] = []
    titles: list[int] = []
    for paper in papers:
        title = lexicon.read(paper.title)
        rest = lexicon.read(paper.abstract)
        for keyword in paper.keywords:
            rest.append(BREAK)
            rest.extend(lexicon.read(keyword))
        streams += title
        streams.append(BREAK)
        streams += rest
        streams.append(BREAK)
        titles.append(len(title))
        lengths.append(len(title) + len(rest) + 2)
    numbers = np.array(streams, np.int64)
    owners = np.repeat(np.arange(len(papers)), lengths)
    ends = np.cumsum(lengths) if lengths else np.empty(0, np.int64)
    starts = ends - np.array(lengths, np.int64)
    in_title = np.arange(len(numbers)) < np.repeat(starts + np.array(titles, np.int64), lengths)
    codes, places = [], []
    for length in range(1, LONGEST + 1):
        found, at = phrases(numbers, length)
        codes.append(found)
        places.append(at)
    place = np.concatenate(places)
    vocabulary, column = np.unique(np.concatenate(codes), return_inverse=True)
    weight = np.where(in_title[place], TITLE_WEIGHT, 1.0)
    counts = sparse.csr_array((weight, (owners[place], column)), shape=(len(papers), len(vocabulary)))
    counts.sum_duplicates()
    return vocabulary, counts


@dataclass(frozen=True)
class ContentModel:
    """Document frequencies of words and phrases in the stored corpus. Learned once, stored, named by its version.

    `codes` are packed phrases over the numbering that `words` gives, sorted; `frequencies` count the papers that hold each.
    """

    words: tuple[str, ...]
    codes: Codes
    frequencies: Ints
    documents: int

    @classmethod
    def learn(cls, papers: Sequence[Paper], rarest: int = 2) -> "ContentModel":
        """Learn from papers; words and phrases in fewer than `rarest` papers are left to their default weight."""
        lexicon = Lexicon()
        vocabulary, counts = _counts(papers, lexicon)
        frequencies = np.bincount(counts.indices, minlength=len(vocabulary)).astype(np.int64)
        kept = frequencies >= rarest
        return cls(tuple(lexicon.words[1:]), vocabulary[kept], frequencies[kept], len(papers))

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change whenever anything learned changes."""
        digest = hashlib.blake2b(digest_size=6)
        digest.update("\n".join(self.words).encode())
        digest.update(self.codes.tobytes() + self.frequencies.tobytes() + str(self.documents).encode())
        return digest.hexdigest()

    def frequency(self, codes: Codes) -> Ints:
        """In how many papers of the corpus each phrase was seen; 0 for what is not kept."""
        if not len(self.codes):
            return np.zeros(len(codes), np.int64)
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[at] == codes, self.frequencies[at], 0)

    def rarity(self, codes: Codes) -> Floats:
        """Inverse document frequency in (0, 1]: 1 for what was never seen, near 0 for what every paper says.

        log((N + 1) / (f + 0.5)) as in Robertson and Zaragoza (2009), over its value at f = 0.
        """
        size = self.documents + 1.0
        raw = np.log(size / (np.minimum(self.frequency(codes), self.documents) + 0.5))
        rarity: Floats = np.maximum(raw, 0.02) / max(np.log(size / 0.5), 0.02)
        return rarity

    def to_bytes(self) -> bytes:
        """The model for a file or a column; no pickle."""
        stream = io.BytesIO()
        words = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        np.savez_compressed(stream, words=words, codes=self.codes, frequencies=self.frequencies, documents=self.documents)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "ContentModel":
        """The model that `to_bytes` wrote; BadModel if the octets are anything else."""
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                text = arrays["words"].tobytes().decode()
                words = tuple(text.split("\n")) if text else ()
                return cls(words, arrays["codes"], arrays["frequencies"], int(arrays["documents"]))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise BadModel(
                f"these {len(stored)} octets are no content model ({error}); learn it again from the corpus"
            ) from error


class Index:
    """The papers of one batch over their words and phrases, built once and shared by all readers of the batch."""

    def __init__(self, papers: Sequence[Paper], model: ContentModel) -> None:
        self.model = model
        self.lexicon = Lexicon(model.words)
        self.vocabulary, counts = _counts(papers, self.lexicon)
        self.rarity = model.rarity(self.vocabulary)
        self.presence = counts.copy()
        """Saturated frequency of each phrase in each paper, in [0, 1)."""
        self.presence.data = counts.data / (counts.data + SATURATION)
        self.by_phrase = self.presence.tocsc()
        self.content = self.weigh(self.presence)
        """The papers as vectors of unit length."""
        self.content_by_phrase = self.content.T.tocsr()

    def weigh(self, presence: sparse.csr_array) -> sparse.csr_array:
        """Rows of saturated frequencies times rarity, at unit length."""
        weighed = presence.copy()
        weighed.data = presence.data * self.rarity[presence.indices]
        squares = weighed.multiply(weighed).sum(axis=1)
        norms = np.sqrt(np.asarray(squares).ravel())
        norms[norms == 0] = 1.0
        weighed.data = weighed.data / np.repeat(norms, np.diff(weighed.indptr))
        return weighed

    def encode(self, papers: Sequence[Paper]) -> sparse.csr_array:
        """Other papers (those voted on) as saturated frequencies over this batch's vocabulary."""
        codes, counts = _counts(papers, self.lexicon)
        columns = self.columns(codes)
        keep = columns[counts.indices] >= 0
        rows = np.repeat(np.arange(len(papers)), np.diff(counts.indptr))[keep]
        values = counts.data[keep]
        shape = (len(papers), len(self.vocabulary))
        encoded = sparse.csr_array((values / (values + SATURATION), (rows, columns[counts.indices][keep])), shape=shape)
        encoded.sort_indices()
        return encoded

    def columns(self, codes: Codes) -> Ints:
        """Where phrases stand in the vocabulary, -1 for those that no paper of the batch holds."""
        if not len(self.vocabulary):
            return np.full(len(codes), -1, np.int64)
        at = np.minimum(np.searchsorted(self.vocabulary, codes), len(self.vocabulary) - 1)
        return np.where(self.vocabulary[at] == codes, at, -1)

    def row(self, paper: int) -> tuple[Ints, Floats]:
        """The columns that a paper's vector fills, ascending, and its values there."""
        start, end = self.content.indptr[paper : paper + 2]
        return self.content.indices[start:end].astype(np.int64), self.content.data[start:end]

    def holders(self, column: int) -> tuple[Ints, Floats]:
        """The papers that hold one phrase, and its saturated frequency in each."""
        start, end = self.by_phrase.indptr[column : column + 2]
        return self.by_phrase.indices[start:end].astype(np.int64), self.by_phrase.data[start:end]
