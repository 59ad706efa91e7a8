"""Dense vectors of what papers and typed words mean, where the optional extra has computed them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from digest.ranking.inputs import Paper
from digest.ranking.layers import Floats

Vectors = npt.NDArray[np.float32]
WHOLE = 127.0
"""Directions are rounded to multiples of 1 / WHOLE: sums of products of whole numbers are exact, in single precision too, so
that the order in which a processor adds cannot show."""


class Meaning:
    """The directions of a batch's papers. A vector of another length is of another model: near nothing, like none."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._size = next((len(paper.meaning) for paper in papers if paper.meaning), 0)
        self._vectors = self._whole([paper.meaning for paper in papers])
        self.papers = len(papers)

    def __bool__(self) -> bool:
        return self._size > 0

    def near(self, texts: Sequence[bytes]) -> Floats:
        """Cosines of the vectors of texts with those of the papers, none below 0 or above 1: texts x papers."""
        near: Floats = np.clip((self._whole(texts) @ self._vectors.T).astype(np.float64) / WHOLE**2, 0.0, 1.0)
        return near

    def _whole(self, vectors: Sequence[bytes]) -> Vectors:
        """Directions in whole numbers, WHOLE long, one row a vector: zeros for none."""
        nothing = bytes(self._size)
        octets = b"".join(each if len(each) == self._size else nothing for each in vectors)
        rows = np.frombuffer(octets, np.int8).reshape(len(vectors), self._size).astype(np.float64)
        norms = np.sqrt((rows**2).sum(axis=1, keepdims=True))
        whole: Vectors = np.round(rows / np.where(norms > 0, norms, 1.0) * WHOLE).astype(np.float32)
        return whole


def octets(vectors: Vectors) -> list[bytes]:
    """Each row as signed octets, the largest number of it as 127: the vectors that papers and interests hold."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    return [row.tobytes() for row in np.round(vectors / largest * 127).astype(np.int8)]
