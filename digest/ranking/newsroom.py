"""Readers meet the papers of a batch: eligibility, scores, selection and reasons, some dozens of readers at a time."""

from collections.abc import Callable, Sequence
from itertools import chain, islice, pairwise
from typing import cast

import numpy as np
import numpy.typing as npt

from digest.ranking import explaining, pace, trending
from digest.ranking.configuration import Configuration
from digest.ranking.content import ContentModel
from digest.ranking.eligibility import Eligibility, Eligible
from digest.ranking.exact import TIE, exact, quanta
from digest.ranking.explaining import General, Terms
from digest.ranking.given import Contents
from digest.ranking.index import SKETCH, SKETCH_UNIT, Index
from digest.ranking.inputs import Interest, Paper, Profile
from digest.ranking.layers import Floats, Ints
from digest.ranking.matching import EXCLUDED, SILENT, Asked, Matcher, Met, Unmet
from digest.ranking.scoring import Reader, Scores, pools_of, pools_of_all, scores_of
from digest.ranking.selection import NOBODY, Pools, select
from digest.ranking.slates import Choice, Miss, Slate, Term
from digest.ranking.vote_terms import vote_terms
from digest.ranking.votes import DISLIKES, LIKES, NO_VOTES, Ballot, Read

GROUP = 64
"""Readers whose scores are held at once: with 5,000 papers a matrix of them stays in a processor's cache."""
SURPRISES = 64
"""Among how many of the most talked-of papers a surprise is looked for."""


class Newsroom:
    """The papers of a batch, read once. Nothing here depends on readers or on the hour."""

    def __init__(self, papers: Sequence[Paper], configuration: Configuration, model: ContentModel | None) -> None:
        # Ascending ids make "the first of equals" mean "the lowest id" everywhere.
        self.papers = sorted(papers, key=lambda paper: paper.id)
        self.ids = np.array([paper.id for paper in self.papers], np.int64)
        self.configuration = configuration
        index = Index(self.papers, model)
        self.matcher = Matcher(self.papers, index, configuration)
        self.ballot = Ballot(self.papers, index, configuration)
        self.eligibility = Eligibility(self.papers, self.matcher)
        self.sketches = np.vstack([index.sketch(), np.zeros((1, SKETCH))]).astype(np.float32)
        """One more than there are papers: the last, of zeros, stands for none."""
        self.content = index.content
        self.contents = Contents(index.content)


class Hour:
    """What the papers score with everyone at one instant."""

    def __init__(self, room: Newsroom, now: float) -> None:
        papers, configuration = room.papers, room.configuration
        self.now = now
        self._papers = papers
        self._trending = exact(
            configuration.trending * np.array([trending.trending_score(paper, configuration, now) for paper in papers])
        )
        self._freshness = exact(
            configuration.freshness * np.array([trending.freshness(paper, configuration, now) for paper in papers])
        )
        self.everyone = self._trending + self._freshness
        talked_of = np.argsort(-self.everyone, kind="stable")
        self.talked_of: Ints = talked_of[self._trending[talked_of] > 0][:SURPRISES]
        self.quanta = quanta(self.everyone)
        self.said = _Said(self._say)
        """What is said of the paper at a place to everyone."""

    def _say(self, place: int) -> General:
        paper, found = self._papers[place], []
        if self._trending[place]:
            found.append(Term("trending", float(self._trending[place]), "", f"trending: {trending.words(paper)}"))
        if self._freshness[place]:
            found.append(Term("freshness", float(self._freshness[place]), "", trending.age_words(paper, self.now)))
        return General(paper, tuple(found))


class _Said(dict[int, General]):
    """What is said of papers, by their place, found out when it is first asked for."""

    def __init__(self, say: Callable[[int], General]) -> None:
        super().__init__()
        self._say = say

    def __missing__(self, place: int) -> General:
        said = self[place] = self._say(place)
        return said


class Desk:
    """Serves the readers of one batch, in groups that want slates of one size."""

    def __init__(self, room: Newsroom, hour: Hour, profiles: Sequence[Profile], asked: Sequence[Sequence[Asked]]) -> None:
        """`asked` are the profiles' interests as `asked_of` has them. BadProfile for an interest of unknown kind."""
        self._room = room
        self._hour = hour
        self._configuration = room.configuration
        self._papers = room.papers
        room.matcher.forget()
        met = room.matcher.met(profiles, asked)
        unwanted = [_unwanted(profile, each) for profile, each in zip(profiles, met, strict=True)]
        self._read: Read = room.ballot.read((vote for profile in profiles for vote in profile.votes), hour.now)
        eligible = room.eligibility.of(profiles, unwanted)
        self._readers = list(map(self._reader, profiles, eligible, met))

    def _reader(self, profile: Profile, eligible: Eligible, met: Sequence[Met | Unmet]) -> Reader:
        interests: Sequence[Interest] = profile.interests
        wanted = cast("list[Met]", met)
        if EXCLUDED in met or SILENT in met:
            pairs = [(each, one) for each, one in zip(interests, met, strict=True) if isinstance(one, Met)]
            interests, wanted = [each for each, _ in pairs], [one for _, one in pairs]
        likes = dislikes = NO_VOTES
        if profile.votes:
            likes = self._read.cast([vote for vote in profile.votes if vote.kind in LIKES])
            dislikes = self._read.cast([vote for vote in profile.votes if vote.kind in DISLIKES])
        return Reader(profile, eligible, interests, wanted, likes, dislikes, bool(interests or likes.votes))

    def slates(self) -> list[Slate]:
        """One slate a profile, in their order."""
        # Readers with votes take more steps; the others need not go along.
        alike: dict[tuple[int, bool], list[int]] = {}
        for place, reader in enumerate(self._readers):
            size = min(reader.profile.size, max(len(self._papers), 1))
            alike.setdefault((size, not reader.profile.votes), []).append(place)
        slates: dict[int, Slate] = {}
        for (size, _), places in alike.items():
            for start in range(0, len(places), GROUP):
                group = places[start : start + GROUP]
                slates.update(zip(group, self._slates([self._readers[place] for place in group], size), strict=True))
        return [slates[place] for place in range(len(self._readers))]

    def explain(self) -> list[Choice]:
        """Every allowed paper of the first reader with its terms, the highest score first.

        The slot is empty for what may not fill a place.
        """
        readers = self._readers[:1]
        scores = self._scores(readers, all_allowed=True)
        pools = pools_of_all(scores)
        ordinary = "match" if readers[0].known else "trending"
        slots = [ordinary if fits else "" for fits in (pools.keys[0] > NOBODY).tolist()]
        owner = np.zeros(len(slots), np.int64)
        choices = self._choices(readers, scores, owner, pools.papers[0], pools.given[:, :-1], pools.held, slots)
        return sorted(choices, key=lambda each: (-each.score, each.paper))

    def pools(self, place: int) -> Pools:
        """For measuring ways to choose: what one reader's slate is chosen from."""
        reader = self._readers[place]
        return pools_of([reader], self._scores([reader]), reader.profile.size, self._configuration.near_misses)

    def _scores(self, readers: Sequence[Reader], *, all_allowed: bool = False) -> Scores:
        return scores_of(
            readers,
            self._room.contents,
            self._room.ballot,
            self._read,
            self._hour.quanta,
            self._hour.talked_of,
            self._configuration,
            all_allowed=all_allowed,
        )

    def _slates(self, readers: Sequence[Reader], size: int) -> list[Slate]:
        configuration = self._configuration
        scores = self._scores(readers)
        pools = pools_of(readers, scores, size, configuration.near_misses)
        room = self._room_for_surprises(readers, scores, size)
        picked = select(pools, size - room, self._room.sketches, configuration)
        for row, reader in enumerate(readers):
            if reader.profile.minutes > 0:
                picked[row] = self._within(
                    reader.profile.minutes - pace.SURPRISE * int(room[row]), picked[row], pools.papers[row]
                )
        shown, missed = _ordered(pools, picked, configuration.near_misses)
        surprises = self._surprises(scores, room, picked, pools)
        chosen, new = _flat(shown), _flat(surprises)
        owner = np.concatenate([chosen[0], new[0]])
        place = np.concatenate([pools.papers[chosen], new[1]])
        given = np.zeros((len(owner), pools.given.shape[1] - 1))
        rows = pools.starts[chosen[0]] + chosen[1]
        given[: len(rows)] = pools.given[rows, :-1]
        ordinary = ["match" if reader.known else "trending" for reader in readers]
        slots = [ordinary[row] for row in chosen[0].tolist()] + ["serendipity"] * len(new[0])
        choices = iter(self._choices(readers, scores, owner, place, given, pools.held[rows], slots))
        own, outside = ([tuple(islice(choices, len(each))) for each in part] for part in (shown, surprises))
        near = self._misses(pools, missed)
        return [
            Slate(
                own[row] + outside[row],
                near[row] if reader.known else (),
                reader.eligible.considered,
                reader.eligible.excluded,
                not reader.known,
                scores.matched[row] if reader.known else 0,
            )
            for row, reader in enumerate(readers)
        ]

    def _misses(self, pools: Pools, columns: Sequence[Sequence[int]]) -> list[tuple[Miss, ...]]:
        """Columns of pools as near misses: a key without what its place costs is the score."""
        rows, flat = _flat(columns)
        places = pools.papers[rows, flat]
        scores = pools.keys[rows, flat] + TIE * places
        misses = tuple(map(Miss, self._room.ids[places].tolist(), scores.tolist()))
        ends = np.cumsum([0, *map(len, columns)]).tolist()
        return [misses[start:end] for start, end in pairwise(ends)]

    def _within(self, minutes: float, picked: Ints, papers: Ints) -> Ints:
        """As many of the chosen as can be read in so many minutes, in the order of choice; at least the first."""
        kept: list[int] = []
        left = minutes
        for column in picked[picked >= 0].tolist():
            needed = pace.minutes(self._papers[int(papers[column])])
            if needed <= left or not kept:
                kept.append(column)
                left -= needed
        within: Ints = np.full(len(picked), -1, np.int64)
        within[: len(kept)] = kept
        return within

    def _room_for_surprises(self, readers: Sequence[Reader], scores: Scores, size: int) -> Ints:
        """For each reader how many places are kept for surprises."""
        configuration = self._configuration
        if size < configuration.serendipity_smallest_slate or not configuration.serendipity:
            return np.zeros(len(readers), np.int64)
        possible = np.count_nonzero(scores.outside, axis=1)
        # Nothing that matches means an empty issue, not one made of a surprise.
        known = np.array([reader.known and matched > 0 for reader, matched in zip(readers, scores.matched, strict=True)], bool)
        room: Ints = np.where(known, np.minimum(possible, min(configuration.serendipity, size - 1)), 0)
        return room

    def _surprises(self, scores: Scores, room: Ints, picked: Ints, pools: Pools) -> list[list[int]]:
        """Talked-of papers outside each profile, those just outside first: attention * (1 + likeness to what was chosen)."""
        most = int(room.max(initial=0))
        if not most:
            return [[] for _ in room]
        talked_of = self._hour.talked_of
        sketches = self._room.sketches
        chosen = np.where(picked >= 0, np.take_along_axis(pools.papers, np.maximum(picked, 0), axis=1), -1)
        together = sketches[chosen].sum(axis=1)
        counts = np.maximum((chosen >= 0).sum(axis=1), 1)[:, None]
        near = np.clip(together @ sketches[talked_of].T / (counts * SKETCH_UNIT**2), 0.0, 1.0)
        appeal = np.where(scores.outside, self._hour.everyone[talked_of] * (1.0 + near), NOBODY)
        best = appeal.argmax(axis=1)[:, None] if most == 1 else np.argsort(-appeal, axis=1, kind="stable")[:, :most]
        return [talked_of[row[:count]].tolist() for row, count in zip(best, room.tolist(), strict=True)]

    def _choices(
        self,
        readers: Sequence[Reader],
        scores: Scores,
        owner: Ints,
        place: Ints,
        given: Floats,
        held: npt.NDArray[np.int16],
        slots: Sequence[str],
    ) -> list[Choice]:
        """For readers (`owner`) and papers (`place`) the choice with its terms and reasons; `given` is what interests give, and

        `held` how many of their words each paper holds, for those that are given anything.
        """
        if not slots:
            return []
        parts = [self._interest_terms(readers, scores.entries.met, given, held, owner, place)]
        if scores.liked.some:
            parts.append(vote_terms("vote", [reader.likes for reader in readers], scores.liked, owner, place))
        if scores.disliked.some:
            parts.append(vote_terms("less", [reader.dislikes for reader in readers], scores.disliked, owner, place))
        return explaining.choices(
            slots,
            Terms.together(parts),
            list(map(self._hour.said.__getitem__, place.tolist())),
            self._hour.everyone[place],
            self._configuration.reasons,
        )

    def _interest_terms(
        self,
        readers: Sequence[Reader],
        met: Sequence[Met],
        given: Floats,
        held: npt.NDArray[np.int16],
        owner: Ints,
        place: Ints,
    ) -> Terms:
        counts = np.array([len(reader.met) for reader in readers], np.int64)
        at, number = np.nonzero(given)
        which = ((np.cumsum(counts) - counts)[owner[at]] + number).tolist()
        asked = list(map(list(chain.from_iterable([reader.interests for reader in readers])).__getitem__, which))
        words = [
            one.words[count] if one.words else one.said.of(paper)
            for one, count, paper in zip(
                map(met.__getitem__, which), held[at, number].tolist(), place[at].tolist(), strict=True
            )
        ]
        return Terms.of(at, given[at, number], [each.kind for each in asked], [each.handle for each in asked], words)


def _unwanted(profile: Profile, met: Sequence[Met | Unmet]) -> Sequence[Interest]:
    """The interests that a profile excludes."""
    return [each for each in profile.interests if each.excluded] if EXCLUDED in met else ()


def _ordered(pools: Pools, picked: Ints, near_misses: int) -> tuple[list[list[int]], list[list[int]]]:
    """For each reader the picked columns, and the best of the others; the highest keys first."""
    readers, width = pools.keys.shape
    if not width:
        return [[] for _ in range(readers)], [[] for _ in range(readers)]
    taken = np.zeros((readers, width + 1), bool)
    taken[np.arange(readers)[:, None], picked] = True
    taken = taken[:, :width]
    order = np.argsort(-pools.keys, axis=1)
    mine = np.take_along_axis(taken, order, axis=1)
    usable = np.take_along_axis(pools.keys, order, axis=1) > NOBODY
    others = usable & ~mine
    others &= np.cumsum(others, axis=1) <= near_misses
    return _runs(order, mine), _runs(order, others)


def _flat(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Lists of numbers as one, with the row of each."""
    owner: Ints = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return owner, np.array([number for row in rows for number in row], np.int64)


def _runs(order: Ints, wanted: np.ndarray) -> list[list[int]]:
    flat = order[wanted].tolist()
    ends = np.cumsum(np.count_nonzero(wanted, axis=1)).tolist()
    return [flat[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
