"""From scored papers to a slate: the best, without saying the same thing twice, with a share for every interest."""

import numpy as np
from scipy import sparse

from digest.ranking.configuration import Configuration
from digest.ranking.content import Floats, Ints

SHORTLIST = 4
"""How many times the slate's size is looked at for each interest."""


def select(
    parts: Floats, rest: Floats, content: sparse.csr_array, places: Ints, ids: Ints, size: int, configuration: Configuration
) -> list[int]:
    """At most `size` positions in `places` (rows of `content`), greedily.

    `parts` (interests x papers) is what each interest gives each paper, `rest` what else its score holds. A paper's gain is its
    score, with each interest's part multiplied by repeat_decay for every chosen paper that mainly serves it, relative to
    the least served interest that still has papers (so a single interest decays nothing), less diversity * similarity to the
    nearest chosen paper * its score. The first is explicit diversification, after Santos, Macdonald and Ounis, "Exploiting
    query reformulations for web search result diversification" (2010); the second is maximal marginal relevance, Carbonell and
    Goldstein (1998). Ties go to the lower id. Only the SHORTLIST * size best for each interest and in all are looked at.
    """
    if not len(ids) or size < 1:
        return []
    short = _shortlist(np.vstack([parts, parts.sum(axis=0) + rest]), ids, SHORTLIST * size)
    parts, rest, ids = parts[:, short], rest[short], ids[short]
    vectors = content[places[short]]
    likeness = (vectors @ vectors.T).toarray()
    mainly = parts.argmax(axis=0) if len(parts) else np.zeros(len(ids), np.int64)
    decay = np.ones(len(parts))
    nearest = np.zeros(len(ids))
    open_ = np.ones(len(ids), bool)
    score = parts.sum(axis=0) + rest
    chosen: list[int] = []
    while len(chosen) < min(size, len(ids)):
        waiting = decay[(parts[:, open_] > 0).any(axis=1)]
        shares = decay / waiting.max() if len(waiting) else decay
        gain = np.where(open_, np.minimum(shares, 1.0) @ parts + rest - configuration.diversity * nearest * score, -np.inf)
        best = np.flatnonzero(gain == gain.max())
        pick = int(best[np.argmin(ids[best])])
        chosen.append(pick)
        open_[pick] = False
        if len(parts):
            decay[mainly[pick]] *= configuration.repeat_decay
        nearest = np.maximum(nearest, likeness[pick])
    return [int(place) for place in short[chosen]]


def _shortlist(rows: Floats, ids: Ints, most: int) -> Ints:
    """Places that are among the `most` best of any row, ascending."""
    if len(ids) <= most:
        return np.arange(len(ids))
    return np.unique(np.concatenate([np.lexsort((ids, -row))[:most] for row in rows]))
