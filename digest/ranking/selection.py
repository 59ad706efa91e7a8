"""From scored papers to slates: the best, without saying the same thing twice, with a share for every interest.

Greedily, for many readers at once. The next paper is the one with the largest gain

    score - (1 - repeat_decay ** c) * main - diversity * score * near,

`main` being what its main interest gives it, c how many more of the chosen papers serve mainly that interest than the least
served one that still has papers (explicit diversification, after Santos, Macdonald and Ounis, 2010; a single interest loses
nothing), and `near` its similarity to the nearest chosen paper (maximal marginal relevance, Carbonell and Goldstein, 1998).
A paper that serves mainly the likes counts as 1 / trust papers: likes trusted little get a share as small. Ties go to the paper
of the lower id.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.ranking.configuration import Configuration
from digest.ranking.index import SKETCH_UNIT
from digest.ranking.layers import Floats, Ints

NOBODY = -(2.0**1000)
"""The key of what may not be chosen. So large that nothing added to it changes it: a table is barred by adding it, at once."""


@dataclass(frozen=True, slots=True)
class Pools:
    """For each reader (row) some papers, and what each interest gives them.

    Their places, ascending, keys (NOBODY where the place is empty), main interest and what that gives. `given` (papers of all
    pools x interests and, last, likes) says what each gives, `held` how many of its words the paper holds; row r's papers start
    at `starts[r]`. `likes_count`: for how many papers of a reader's shares one counts that is there for the likes.
    """

    papers: Ints
    keys: Floats
    main: Ints
    main_values: Floats
    given: Floats
    held: npt.NDArray[np.int16]
    starts: Ints
    likes_count: Ints


def select(pools: Pools, sizes: Ints, sketches: npt.NDArray[np.float32], configuration: Configuration) -> Ints:
    """For each reader at most `sizes` columns of its pool, in the order of choice, then -1."""
    readers, width = pools.keys.shape
    most = int(sizes.max(initial=0))
    chosen = np.full((readers, most), -1, np.int64)
    if not width or not most:
        return chosen
    everyone = np.arange(readers)
    buckets = pools.given.shape[1]
    counts = np.where(pools.main == buckets - 1, pools.likes_count[:, None], 1)
    highest = most * int(counts.max(initial=1))
    served = np.zeros((readers, buckets), np.int64)
    cells = everyone[:, None] * buckets + pools.main
    waiting = np.bincount(cells[pools.keys > NOBODY], minlength=readers * buckets).reshape(readers, buckets)
    lost = 1.0 - configuration.repeat_decay ** np.arange(highest + 1.0)
    near = np.zeros((readers, width), np.float32)
    # Whole numbers far below 2^24: exact in single precision, in whatever order they are added.
    sketched = sketches[pools.papers]
    keys = pools.keys.copy()
    costly = configuration.diversity / SKETCH_UNIT**2 * np.maximum(np.where(keys > NOBODY, keys, 0.0), 0.0)
    for step in range(most):
        least = np.where(waiting > 0, served, highest).min(axis=1)
        ahead = np.maximum(served - least[:, None], 0)
        gain = keys - lost[ahead].ravel()[cells] * pools.main_values - costly * near
        pick = gain.argmax(axis=1)
        open_ = (gain[everyone, pick] > NOBODY) & (step < sizes)
        if not open_.any():
            break
        rows, columns = everyone[open_], pick[open_]
        chosen[rows, step] = columns
        keys[rows, columns] = NOBODY
        served[rows, pools.main[rows, columns]] += counts[rows, columns]
        waiting[rows, pools.main[rows, columns]] -= 1
        if configuration.diversity:
            np.maximum(near, (sketched @ sketched[everyone, pick][:, :, None])[:, :, 0], out=near)
    return chosen
