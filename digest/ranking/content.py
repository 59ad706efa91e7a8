"""What the stored corpus teaches about words and phrases: how rare each is. Learned once, stored, named by its version."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from digest.ranking.inputs import Paper
from digest.ranking.layers import Floats, Ints, Layer, layers, read_papers
from digest.ranking.terms import Codes, Lexicon

SELDOM = 0.02
"""The least raw rarity, so that a word in every paper still counts for something."""


class BadModel(ValueError):
    """Stored octets that are no content model; the message says what to do."""


@dataclass(frozen=True)
class Frequencies:
    """In how many papers of a corpus each packed phrase of one layer was seen; codes ascend, rare ones are left out."""

    codes: Codes
    counts: Ints

    @classmethod
    def of(cls, layer: Layer, rarest: int) -> "Frequencies":
        counts = np.diff(layer.by_phrase.indptr).astype(np.int64)
        kept = counts >= rarest
        return cls(layer.vocabulary[kept], counts[kept])

    def find(self, codes: Codes) -> Ints:
        """The place of each code, -1 for those left out."""
        if not len(self.codes):
            return np.full(len(codes), -1, np.int64)
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[at] == codes, at, -1)


@dataclass(frozen=True)
class ContentModel:
    """Document frequencies of words and phrases, exact and folded, in the stored corpus.

    `words` gives the numbering over which the phrases are packed; `documents` is the size of the corpus.
    """

    words: tuple[str, ...]
    exact: Frequencies
    folded: Frequencies
    documents: int

    @classmethod
    def learn(cls, papers: Sequence[Paper], rarest: int = 2) -> "ContentModel":
        """Learn from papers. Words and phrases in fewer than `rarest` papers count as never seen."""
        lexicon = Lexicon()
        return cls.of(lexicon, *layers(read_papers(papers, lexicon), lexicon), rarest)

    @classmethod
    def of(cls, lexicon: Lexicon, exact: Layer, folded: Layer, rarest: int) -> "ContentModel":
        """Learn from papers that are read already."""
        documents = exact.by_phrase.shape[1]
        return cls(tuple(lexicon.words[1:]), Frequencies.of(exact, rarest), Frequencies.of(folded, rarest), documents)

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change whenever anything learned changes."""
        digest = hashlib.blake2b(str(self.documents).encode(), digest_size=6)
        for part in ("\n".join(self.words).encode(), *(array.tobytes() for array in self._arrays().values())):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def rarity(self, layer: Frequencies, codes: Codes) -> Floats:
        """Inverse document frequency in (0, 1]: 1 for what was never seen, near 0 for what every paper says.

        log((N + 1) / (f + 0.5)) over its value at f = 0, after Robertson and Zaragoza (2009).
        """
        size = self.documents + 1.0
        raw = np.log(size / (self.share(layer, codes) * self.documents + 0.5))
        rarity: Floats = np.maximum(raw, SELDOM) / max(np.log(size / 0.5), SELDOM)
        return rarity

    def share(self, layer: Frequencies, codes: Codes) -> Floats:
        """Which share of the corpus holds each phrase, in [0, 1]."""
        at = layer.find(codes)
        if not len(layer.codes):
            return np.zeros(len(codes))
        share: Floats = np.where(at >= 0, layer.counts[at], 0) / max(self.documents, 1)
        return share

    def to_bytes(self) -> bytes:
        """The model for a file or a column; no pickle."""
        stream = io.BytesIO()
        words = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        np.savez_compressed(stream, words=words, documents=np.array(self.documents), **self._arrays())  # type: ignore[arg-type]  # numpy types keyword arrays as its own flag
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "ContentModel":
        """The model that `to_bytes` wrote; BadModel if the octets are anything else."""
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                text = arrays["words"].tobytes().decode()
                return cls(
                    tuple(text.split("\n")) if text else (),
                    Frequencies(arrays["exact_codes"], arrays["exact_counts"]),
                    Frequencies(arrays["folded_codes"], arrays["folded_counts"]),
                    int(arrays["documents"]),
                )
        except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
            raise BadModel(
                f"these {len(stored)} octets are no content model ({error}); learn it again from the corpus"
            ) from error

    def _arrays(self) -> dict[str, Ints]:
        return {
            "exact_codes": self.exact.codes,
            "exact_counts": self.exact.counts,
            "folded_codes": self.folded.codes,
            "folded_counts": self.folded.counts,
        }
