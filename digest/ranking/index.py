"""The papers of one batch, read once and shared by all readers of the batch."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from digest.ranking.content import ContentModel, Frequencies
from digest.ranking.inputs import Paper
from digest.ranking.layers import Bools, Floats, Ints, Layer, counted, layers, read_papers, spread
from digest.ranking.terms import BREAK, SHORTEST_PHRASE, Codes, Lexicon
from digest.ranking.wording import Wording

SATURATION = 0.4
"""BM25's k1 without its length norm: a phrase said f times counts as f / (f + SATURATION)."""
SKETCH = 64
"""Numbers in a sketch."""
SKETCH_UNIT = 127.0
"""What a sketch's numbers are multiplied by before they are rounded to whole ones: sums of products of whole numbers are exact,
so that no order of summation can show."""
SMALL_CORPUS = 50
"""Below this many papers even a word seen once is kept."""


def saturated(counts: Ints) -> Floats:
    """How present a phrase is that is said so many times, in [0, 1)."""
    most = np.arange(int(counts.max(initial=0)) + 1.0)
    presence: Floats = (most / (most + SATURATION))[counts]
    return presence


def unit_rows(matrix: sparse.csr_array) -> sparse.csr_array:
    """Rows at length 1; empty rows stay empty."""
    sizes = np.diff(matrix.indptr)
    norms = np.sqrt(np.bincount(np.repeat(np.arange(matrix.shape[0]), sizes), matrix.data**2, matrix.shape[0]))
    norms[norms == 0] = 1.0
    return sparse.csr_array((matrix.data / np.repeat(norms, sizes), matrix.indices, matrix.indptr), shape=matrix.shape)


class Words:
    """One layer of a batch, looked up by phrase."""

    def __init__(self, layer: Layer, model: ContentModel, known: Frequencies) -> None:
        self._vocabulary, self._held = layer.vocabulary, layer.by_phrase
        self._model, self._known = model, known

    def rarity(self, codes: Codes) -> Floats:
        """As the model has learned it for this layer."""
        return self._model.rarity(self._known, codes)

    def seen(self, codes: Codes) -> Bools:
        """Which of these phrases the model has met in the corpus."""
        return self._known.find(codes) >= 0

    def holders(self, code: int) -> Ints:
        """The papers that hold a phrase, ascending."""
        at = int(np.searchsorted(self._vocabulary, code))
        if at == len(self._vocabulary) or self._vocabulary[at] != code:
            return np.empty(0, np.int64)
        start, end = self._held.indptr[at : at + 2]
        return self._held.indices[start:end].astype(np.int64)

    def met(self, codes: Codes, rows: Ints, shares: Floats) -> tuple[Ints, Floats, Bools]:
        """What wanted phrases, each with a row of a table and a share, give the papers that hold them: cells of that table

        (row * papers + paper), values, and whether the phrase is a single word.
        """
        if not len(self._vocabulary):
            return np.empty(0, np.int64), np.empty(0), np.empty(0, bool)
        at = np.minimum(np.searchsorted(self._vocabulary, codes), len(self._vocabulary) - 1)
        met = np.flatnonzero(self._vocabulary[at] == codes)
        starts = self._held.indptr[at[met]]
        sizes = self._held.indptr[at[met] + 1] - starts
        run, within = spread(sizes)
        within += starts[run]
        cells = (rows[met] * self._held.shape[1])[run]
        cells += self._held.indices[within]
        values = saturated(self._held.data[within])
        values *= shares[met][run]
        return cells, values, (codes[met] < SHORTEST_PHRASE)[run]


class Index:
    """The papers of a batch, each read once. Without a model, one is learned from them.

    `presence` (papers x phrases) holds the exact phrases that the model knows; `content` is the same weighed by rarity, at unit
    length.
    """

    def __init__(self, papers: Sequence[Paper], model: ContentModel | None) -> None:
        self.lexicon = Lexicon(model.words if model else ())
        stream = read_papers(papers, self.lexicon)
        exact, folded = layers(stream, self.lexicon)
        if model is None:
            model = ContentModel.of(self.lexicon, exact, folded, rarest=1 if len(papers) < SMALL_CORPUS else 2)
        self.model = model
        self.papers = len(papers)
        self.exact = Words(exact, model, model.exact)
        self.folded = Words(folded, model, model.folded)
        self.wording = Wording(stream, self.lexicon)
        self.rarity = model.rarity(model.exact, model.exact.codes)
        self.share = model.share(model.exact, model.exact.codes)
        self.presence = self._known(exact)
        self.content = self.weighed(self.presence)

    def covered(self, exact: Sequence[tuple[Codes, Floats]], folded: Sequence[tuple[Codes, Floats]]) -> tuple[Floats, Ints]:
        """Two tables, queries x papers, flat: how much every paper holds, and how many of the single folded words.

        How much is of the wanted phrases, each with its share, in both layers together.
        """
        parts = []
        for words, queries in ((self.exact, exact), (self.folded, folded)):
            rows = np.repeat(np.arange(len(queries)), [len(codes) for codes, _ in queries])
            codes, shares = (np.concatenate(each) for each in zip(*queries, strict=True))
            parts.append(words.met(codes, rows, shares))
        size = len(exact) * self.papers
        cells, _, single = parts[-1]
        held = np.bincount(cells[single], minlength=size)
        # Sums are made in the order of the phrases, those of the exact layer first.
        cells, values, _ = (np.concatenate(each) for each in zip(*parts, strict=True))
        much: Floats = np.bincount(cells, weights=values, minlength=size).astype(np.float64, copy=False)
        return much, held

    def read(self, papers: Sequence[Paper]) -> sparse.csr_array:
        """Other papers, as in `presence`; nothing is learned from them."""
        numbers: list[int] = []
        sizes: list[int] = []
        for paper in papers:
            before = len(numbers)
            for text in (paper.title, paper.abstract, *paper.keywords):
                numbers += [*self.lexicon.look_up(text).exact, BREAK]
            sizes.append(len(numbers) - before)
        owners = np.repeat(np.arange(len(papers)), sizes)
        return self._known(counted(np.array(numbers, np.int64), owners, len(papers)))

    def sketch(self) -> Floats:
        """`content` in SKETCH whole numbers a paper, whose products are close to the vectors' own times SKETCH_UNIT squared.

        The count sketch of Charikar, Chen and Farach-Colton (2002): each phrase adds to one number, with a sign, both taken
        from its code.
        """
        mixed = (self.model.exact.codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
        place = (mixed % np.uint64(SKETCH)).astype(np.int64)
        sign = np.where((mixed >> np.uint64(20)) & np.uint64(1), 1.0, -1.0)
        rows = np.repeat(np.arange(self.content.shape[0]), np.diff(self.content.indptr))
        cells = rows * SKETCH + place[self.content.indices]
        size = self.content.shape[0] * SKETCH
        sketch = np.bincount(cells, self.content.data * sign[self.content.indices], size).reshape(-1, SKETCH)
        norms = np.sqrt((sketch**2).sum(axis=1, keepdims=True))
        whole: Floats = np.round(sketch / np.where(norms > 0, norms, 1.0) * SKETCH_UNIT)
        return whole

    def _known(self, layer: Layer) -> sparse.csr_array:
        """The phrases that the model knows: papers x its phrases."""
        at = self.model.exact.find(layer.vocabulary)
        kept = np.flatnonzero(at >= 0)
        held = layer.by_phrase[kept]
        sizes = np.zeros(len(self.model.exact.codes), np.int64)
        sizes[at[kept]] = np.diff(held.indptr)
        cells = (saturated(held.data), held.indices, np.concatenate([[0], np.cumsum(sizes)]))
        known: sparse.csr_array = sparse.csr_array(cells, shape=(len(sizes), layer.by_phrase.shape[1])).T.tocsr()
        return known

    def weighed(self, presence: sparse.csr_array) -> sparse.csr_array:
        """Content vectors of papers, from their `presence`."""
        weights = presence.data * self.rarity[presence.indices]
        return unit_rows(sparse.csr_array((weights, presence.indices, presence.indptr), shape=presence.shape))
