"""The papers nearest in meaning: all signs looked through, the nearest weighed exactly.

Two vectors whose signs agree in most places point the same way (Charikar, "Similarity Estimation Techniques from Rounding
Algorithms", 2002). The signs of a paper are 48 octets; those of half a million are looked through in some milliseconds, and
only the nearest few hundred are read from the database and weighed.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection

from digest.ranking import dense
from digest.ranking.meaning import Vectors
from digest.search import vectors

MOST = 1_000_000
"""Papers whose signs a process holds, the last stored: 56 octets each."""
WEIGHED = 10
"""Papers weighed exactly for each that is wanted."""
_CHUNK = 50_000
_WORDS = dense.SIZE // 64
_LOAD = """
SELECT array_agg(paper_id ORDER BY id), string_agg(signs, ''::bytea ORDER BY id), max(id)
FROM (SELECT id, paper_id, signs FROM digest_papervector WHERE id > %s AND model = %s ORDER BY id LIMIT %s) chunk
"""
_NEWEST = "SELECT coalesce(max(id), 0) FROM digest_papervector"
_FLOOR = "SELECT coalesce(min(id), 0) - 1 FROM (SELECT id FROM digest_papervector ORDER BY id DESC LIMIT %s) newest"


@dataclass(frozen=True)
class Signs:
    """The signs of the stored vectors: papers (n,), bits (n, 6) of 64 each; `read` is the last row they were read up to."""

    papers: npt.NDArray[np.int64]
    bits: npt.NDArray[np.uint64]
    read: int

    def nearest(self, vector: Vectors, limit: int) -> npt.NDArray[np.int64]:
        """The papers whose signs differ least from a vector's, in no order."""
        asked = np.frombuffer(np.packbits(vector > 0).tobytes(), np.uint64)
        differ = np.zeros(len(self.papers), np.uint16)
        for column, word in enumerate(asked):
            differ += np.bitwise_count(self.bits[:, column] ^ word)
        if len(differ) <= limit:
            return self.papers
        return self.papers[np.argpartition(differ, limit)[:limit]]


_NONE = Signs(np.empty(0, np.int64), np.empty((0, _WORDS), np.uint64, order="F"), 0)
_held = _NONE
_turn = threading.Lock()


def nearest(vector: Vectors, limit: int) -> list[tuple[int, float]]:
    """Up to `limit` papers with the cosine of their vectors to this one, the nearest first. Empty without the extra."""
    if not dense.model():
        return []
    close = _signs().nearest(vector, WEIGHED * limit)
    return weigh(vector, close.tolist())[:limit]


def weigh(vector: Vectors, papers: Sequence[int]) -> list[tuple[int, float]]:
    """These papers with their cosines, the nearest first; those without a vector are left out."""
    found = vectors.stored(papers)
    if not found:
        return []
    cosines = np.stack(list(found.values())) @ vector
    weighed = [(paper, round(float(cosine), 4)) for (paper, _), cosine in zip(found, cosines, strict=True)]
    return sorted(weighed, key=lambda each: (-each[1], -each[0]))


def _signs() -> Signs:
    """What is held, brought up to date. Threads take turns, so that all is read once."""
    global _held
    with _turn:
        with connection.cursor() as cursor:
            cursor.execute(_NEWEST)
            (newest,) = cursor.fetchone()
            if newest < _held.read:
                _held = _NONE
            if newest > _held.read:
                _held = _up_to_date(_held)
        return _held


def _up_to_date(held: Signs) -> Signs:
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR, [MOST])
        at = max(held.read, cursor.fetchone()[0])
        papers, bits = [held.papers], [held.bits]
        while True:
            cursor.execute(_LOAD, [at, dense.model(), _CHUNK])
            found, signs, last = cursor.fetchone()
            if last is None:
                break
            papers.append(np.array(found, np.int64))
            bits.append(np.frombuffer(bytes(signs), np.uint64).reshape(len(found), _WORDS))
            at = last
    everyone, everything = np.concatenate(papers), np.concatenate(bits)
    # A vector that was computed anew stands twice; the later one holds.
    _, first = np.unique(everyone[::-1], return_index=True)
    kept = np.sort(len(everyone) - 1 - first)[-MOST:]
    return Signs(everyone[kept], np.asfortranarray(everything[kept]), at)
