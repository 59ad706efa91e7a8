"""What diversity costs and brings: slates of twelve by score alone, by maximal marginal relevance, by a determinantal choice.

Readers here have two interests, each the keyword of a simulated reader. Measured are the nDCG@10 for either interest's papers
in the order of choice, the mean similarity of two papers of a slate, and how often the weaker interest has two papers or more.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.readers import Corpus
from digest.ranking import Configuration, ContentModel, Interest, Profile
from digest.ranking.layers import Floats
from digest.ranking.matching import asked_of
from digest.ranking.newsroom import Desk, Hour, Newsroom
from digest.ranking.selection import NOBODY, Pools, select

SIZE = 12
PAIRS = 150


@dataclass(frozen=True)
class _Met:
    """A reader of two keywords in one week: what may be chosen, the papers' vectors, and who wants which."""

    pools: Pools
    sketches: npt.NDArray[np.float32]
    content: Floats
    relevant: frozenset[int]


def compare(corpus: Corpus) -> Iterator[str]:
    """A line for each way of choosing."""
    met = list(_met(corpus))
    if not met:
        return
    yield f"{f'slates of {SIZE} for two interests':<34}{'nDCG@10':>9}{'similarity':>12}{'weaker has 2':>14}"
    ways = [("by score", 1.0, 0.0, 0.0)]
    ways += [
        (f"share {decay}, MMR {diversity}", decay, diversity, 0.0) for decay in (1.0, 0.7) for diversity in (0.15, 0.3, 0.5)
    ]
    ways += [(f"share {decay}, DPP {weight}", decay, 0.0, weight) for decay in (1.0, 0.7) for weight in (2.0, 4.0, 8.0)]
    for name, decay, diversity, determinant in ways:
        measured = np.array([_measured(each, decay, diversity, determinant) for each in met])
        quality, similarity, served = measured.mean(axis=0)
        yield f"{name:<34}{quality:>9.3f}{similarity:>12.3f}{served:>14.0%}"


def _met(corpus: Corpus) -> Iterator[_Met]:
    chance = random.Random(11)
    found = 0
    rooms: dict[int, Newsroom] = {}
    for _ in range(20 * PAIRS):
        one, other = chance.sample(corpus.readers, 2)
        weeks = sorted(set(one.weeks) & set(other.weeks))
        if not weeks or found == PAIRS:
            continue
        found += 1
        number = chance.choice(weeks)
        week = corpus.weeks[number]
        if number not in rooms:
            model = ContentModel.learn(corpus.papers[: week.before + len(week.papers)])
            rooms[number] = Newsroom(week.papers, Configuration(), model)
        room = rooms[number]
        interests = tuple(Interest(f"interest:{n}", "text", reader.keyword, "") for n, reader in enumerate((one, other)))
        profile = Profile(key=1, interests=interests, size=SIZE)
        desk = Desk(room, Hour(room, week.ends), [profile], [asked_of(profile)])
        relevant = corpus.relevant(one, number) | corpus.relevant(other, number)
        yield _Met(desk.pools(0), room.sketches, room.content.toarray(), frozenset(p - week.before for p in relevant))


def _measured(met: _Met, decay: float, diversity: float, determinant: float) -> tuple[float, float, float]:
    configuration = Configuration(repeat_decay=decay, diversity=diversity)
    if determinant:
        columns = _determinantal(met, determinant, decay)
    else:
        columns = [each for each in select(met.pools, np.array([SIZE]), met.sketches, configuration)[0].tolist() if each >= 0]
    places = met.pools.papers[0, columns]
    similar = met.content[places] @ met.content[places].T
    between = similar[np.triu_indices(len(places), 1)]
    served = min(int((met.pools.main[0, columns] == which).sum()) for which in (0, 1)) >= 2
    discounts = 1.0 / np.log2(np.arange(2, 12))
    hits = np.array([place in met.relevant for place in places[:10].tolist()], np.float64)
    quality = float(hits @ discounts[: len(hits)] / discounts[: len(met.relevant)].sum())
    return quality, float(between.mean()) if len(between) else 0.0, float(served)


def _determinantal(met: _Met, weight: float, decay: float) -> list[int]:
    """Greedy maximum a posteriori choice of a determinantal process (Chen, Zhang and Zhou, 2018).

    The kernel is exp(weight * gain_i / 2) S_ij exp(weight * gain_j / 2), S the cosines; gains decay by interest as in `select`.
    """
    pools = met.pools
    similar = met.content[pools.papers[0]] @ met.content[pools.papers[0]].T
    np.fill_diagonal(similar, 1.0 + 1e-6)
    left = np.full(len(similar), 1.0 + 1e-6)
    rows = np.zeros((0, len(similar)))
    served = np.zeros(int(pools.main.max(initial=0)) + 1)
    open_ = pools.keys[0] > NOBODY
    chosen: list[int] = []
    while len(chosen) < SIZE and open_.any():
        waiting = np.unique(pools.main[0, open_])
        ahead = np.maximum(served - served[waiting].min(), 0)
        gain = pools.keys[0] - (1.0 - decay ** ahead[pools.main[0]]) * pools.main_values[0]
        value = np.where(open_, weight * gain + np.log(np.maximum(left, 1e-12)), NOBODY)
        pick = int(value.argmax())
        row = (similar[pick] - rows.T @ rows[:, pick]) / np.sqrt(max(left[pick], 1e-12))
        rows = np.vstack([rows, row])
        left = left - row**2
        open_[pick] = False
        served[pools.main[0, pick]] += 1
        chosen.append(pick)
    return chosen
