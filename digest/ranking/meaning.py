"""Dense vectors of what papers and typed words mean, when the optional extra has computed them. Without them nothing breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.ranking.inputs import Paper
from digest.ranking.layers import Floats

Vector = npt.NDArray[np.float32]
WHOLE = 127.0
"""Vectors are rounded to multiples of 1 / WHOLE: sums of products of whole numbers are exact, so that the order in which a
processor adds cannot show."""


@dataclass(frozen=True)
class Meaning:
    """Vectors of unit length: of papers by (id, revision), of typed texts by the text. What has no vector is near nothing."""

    papers: Mapping[tuple[int, int], Vector]
    texts: Mapping[str, Vector]

    @property
    def size(self) -> int:
        """Numbers in a vector."""
        return len(next(iter(self.papers.values()), next(iter(self.texts.values()), ())))

    def matrix(self, papers: Sequence[Paper]) -> Floats:
        """One row a paper, zeros where it has no vector."""
        rows = np.zeros((len(papers), self.size))
        for row, paper in zip(rows, papers, strict=True):
            vector = self.papers.get((paper.id, paper.revision))
            if vector is not None:
                row[:] = vector
        return rows

    def near_text(self, text: str, papers: Floats) -> Floats:
        """How near a text is to each paper (a row of `matrix`), in [0, 1]; zeros when the text has no vector."""
        vector = self.texts.get(text)
        if vector is None:
            return np.zeros(len(papers))
        near: Floats = self.nearness(vector[None, :].astype(np.float64), papers)[0]
        return near

    def nearness(self, vectors: Floats, papers: Floats) -> Floats:
        """Cosines of vectors of any length with papers (rows of `matrix`), none below 0 or above 1: vectors x papers."""
        near: Floats = np.clip(whole(vectors) @ whole(papers).T / WHOLE**2, 0.0, 1.0)
        return near


def whole(vectors: Floats) -> Floats:
    """Directions in whole numbers, WHOLE long."""
    norms = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    rounded: Floats = np.round(vectors / np.where(norms > 0, norms, 1.0) * WHOLE)
    return rounded
