"""What readers type as phrases, each with its share of a match."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.index import Index, Words
from digest.ranking.layers import Floats
from digest.ranking.terms import BREAK, SHORTEST_PHRASE, Codes, Typed, phrases_of

LONGEST_QUERY = 120
"""Of a longer text only the rarest phrases are matched, this many."""
PHRASE_SHARE = 0.6
"""How much of a match the phrases make when more than one word was typed; the single words make the rest."""
EXACT_SHARE = 0.5
"""How much of a match the words as written make; the folded words make the rest."""


@dataclass(frozen=True, slots=True)
class Query:
    """A text as phrases with their shares, in the exact and in the folded layer, and its pieces.

    `words` are the single words among its folded phrases; none where the text says nothing at all.
    """

    exact: tuple[Codes, Floats]
    folded: tuple[Codes, Floats]
    pieces: list[int]
    words: list[int]


def queries_of(texts: Sequence[str], index: Index) -> list[Query]:
    """What readers typed, read together."""
    typed = [index.lexicon.look_up(text) for text in texts]
    exact = _shared([phrases_of(each.exact) for each in typed], index.exact, EXACT_SHARE)
    folded = _shared([phrases_of(each.folded) for each in typed], index.folded, 1.0 - EXACT_SHARE)
    found = []
    for each, written, plain in zip(typed, exact, folded, strict=True):
        words = plain[0][: np.searchsorted(plain[0] >= SHORTEST_PHRASE, True)].tolist() if len(written[0]) else []
        found.append(Query(written, plain, _bare(each), words))
    return found


def _shared(queries: Sequence[list[int]], words: Words, whole: float) -> list[tuple[Codes, Floats]]:
    """The phrases of texts, each with its share of a match of `whole`: words and phrases apart."""
    kept = [each if len(each) <= LONGEST_QUERY else _rarest(each, words) for each in queries]
    codes = np.array([code for each in kept for code in each], np.int64)
    rarity = words.rarity(codes)
    alone = codes < SHORTEST_PHRASE
    scales: list[float] = []
    for start, end in _runs([len(each) for each in kept]):
        # Longer phrases come after single words.
        middle = start + int(np.count_nonzero(alone[start:end]))
        single, longer = middle - start, end - middle
        scales += [_scale(rarity[start:middle], 1.0 - PHRASE_SHARE if longer else 1.0)] * single
        scales += [_scale(rarity[middle:end], PHRASE_SHARE)] * longer
    shares = rarity * whole
    shares *= np.array(scales)
    return [(codes[start:end], shares[start:end]) for start, end in _runs([len(each) for each in kept])]


def _scale(rarity: Floats, share: float) -> float:
    return share / (float(rarity.sum()) or 1.0)


def _runs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    ends = np.cumsum([0, *sizes]).tolist()
    return list(itertools.pairwise(ends))


def _rarest(codes: list[int], words: Words) -> list[int]:
    """The rarest of those phrases that the corpus has, for what nobody writes is rarest of all and finds nothing."""
    found = np.array(codes, np.int64)
    seen = words.seen(found)
    found = found[seen] if seen.any() else found
    rarest = np.sort(np.argsort(-words.rarity(found), kind="stable")[:LONGEST_QUERY])
    kept: list[int] = found[rarest].tolist()
    return kept


def _bare(typed: Typed) -> list[int]:
    """The pieces from the first word to the last."""
    words = [place for place, piece in enumerate(typed.pieces) if piece > BREAK]
    return typed.pieces[words[0] : words[-1] + 1] if words else []
