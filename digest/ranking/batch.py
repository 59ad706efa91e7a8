"""papers + profiles -> columns of matches -> scores -> slates with reasons: the whole of the ranking, in that order."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking import trending
from digest.ranking.configuration import Configuration
from digest.ranking.content import ContentModel, Floats, Index
from digest.ranking.eligibility import Eligibility
from digest.ranking.explaining import reasons_of
from digest.ranking.inputs import VOTE_KINDS, Interest, Paper, Profile
from digest.ranking.matching import BadProfile, Matcher
from digest.ranking.selection import select
from digest.ranking.slates import Choice, Slate, Term
from digest.ranking.votes import DISLIKES, LIKES, Ballot, Taste

QUANTUM = 2.0**-20
"""Every term is a whole multiple of this, so that sums of terms are exact in binary floating point, in any order."""


def rank(
    papers: Sequence[Paper],
    profiles: Sequence[Profile],
    configuration: Configuration,
    now: float,
    model: ContentModel | None = None,
) -> list[Slate]:
    """A slate for each profile, in the order of the profiles.

    `model` is what the stored corpus taught about words; without one, the papers of the batch serve as the corpus. The same
    arguments give the same slates. Raises BadProfile for an interest or a vote of unknown kind or a size below 1, ValueError
    for two papers of one id.
    """
    return prepare(papers, configuration, now, model).rank(profiles)


def prepare(papers: Sequence[Paper], configuration: Configuration, now: float, model: ContentModel | None = None) -> "Prepared":
    """The part of `rank` that does not depend on readers, done once for many batches of the same papers.

    ValueError for two papers of one id.
    """
    if len({paper.id for paper in papers}) != len(papers):
        raise ValueError("two papers of one id: rank each paper once")
    return Prepared(papers, configuration, now, model or ContentModel.learn(papers))


def exact(values: Floats) -> Floats:
    """Values rounded to whole multiples of QUANTUM."""
    rounded: Floats = np.round(values / QUANTUM) * QUANTUM
    return rounded


@dataclass(frozen=True, slots=True)
class _Reader:
    """One profile met with the batch: what each usable interest and the votes give every paper."""

    interests: tuple[Interest, ...]
    by_interest: Floats
    likes: Taste | None
    liked: Floats
    dislikes: Taste | None
    disliked: Floats

    @property
    def known(self) -> bool:
        return bool(self.interests) or self.likes is not None


class Prepared:
    """Papers ready to be ranked for any number of readers. Interests once met with the papers are remembered."""

    def __init__(self, papers: Sequence[Paper], configuration: Configuration, now: float, model: ContentModel) -> None:
        self.papers = tuple(papers)
        self.configuration = configuration
        self.index = Index(papers, model)
        self.matcher = Matcher(papers, self.index, configuration)
        self.eligibility = Eligibility(papers, self.matcher)
        self.ids = np.array([paper.id for paper in papers], np.int64)
        self._age(now)

    def at(self, now: float) -> "Prepared":
        """The same papers at another instant: what depends on their age is worked out anew, all else is shared."""
        if now == self.now:
            return self
        other = copy.copy(self)
        other._age(now)
        return other

    def _age(self, now: float) -> None:
        papers, configuration = self.papers, self.configuration
        self.now = now
        self.trending = exact(
            configuration.trending * np.array([trending.trending_score(paper, configuration, now) for paper in papers])
        )
        self.freshness = exact(
            configuration.freshness * np.array([trending.freshness(paper, configuration, now) for paper in papers])
        )

    def rank(self, profiles: Sequence[Profile]) -> list[Slate]:
        """A slate for each profile, in their order: just what `rank` gives, however the profiles are cut into batches.

        BadProfile as for `rank`.
        """
        _check(profiles)
        batch = _Batch(self, profiles)
        return [batch.slate(profile) for profile in profiles]


class _Batch:
    def __init__(self, prepared: Prepared, profiles: Sequence[Profile]) -> None:
        self._papers = prepared.papers
        self._configuration = prepared.configuration
        self._now = prepared.now
        self._index = prepared.index
        self._matcher = prepared.matcher
        self._eligibility = prepared.eligibility
        self._ids = prepared.ids
        self._trending = prepared.trending
        self._freshness = prepared.freshness
        votes = [vote.paper for profile in profiles for vote in profile.votes]
        self._ballot = Ballot(votes, self._index, self._configuration)

    def slate(self, profile: Profile) -> Slate:
        eligible = self._eligibility.of(profile)
        reader = self._reader(profile)
        general = self._trending + self._freshness
        match = reader.by_interest.sum(axis=0) + reader.liked
        score = match - reader.disliked + general
        if not reader.known:
            chosen = self._select(reader, score, np.flatnonzero(eligible.allowed), profile.size)
            choices = tuple(self._choice(reader, paper, "trending") for paper in chosen)
            return Slate(choices, (), eligible.considered, eligible.excluded, True)
        matching = np.flatnonzero(eligible.allowed & (match > reader.disliked))
        surprises = (
            self._surprises(eligible.allowed & (match <= 0) & (reader.disliked <= 0), profile.size) if len(matching) else []
        )
        chosen = self._select(reader, score, matching, profile.size - len(surprises))
        left = sorted(set(matching.tolist()) - set(chosen), key=lambda paper: (-score[paper], self._ids[paper]))
        return Slate(
            choices=tuple(self._choice(reader, paper, "match") for paper in chosen)
            + tuple(self._choice(reader, paper, "serendipity") for paper in surprises),
            near_misses=tuple(self._choice(reader, paper, "match") for paper in left[: self._configuration.near_misses]),
            considered=eligible.considered,
            excluded=eligible.excluded,
            trending_only=False,
            matched=len(matching),
        )

    def _reader(self, profile: Profile) -> _Reader:
        wanted = tuple(i for i in profile.interests if not i.excluded and self._matcher.usable(i))
        values = np.zeros((len(wanted), len(self._papers)))
        for row, interest in enumerate(wanted):
            column = self._matcher.column(interest)
            values[row, column.papers] = getattr(self._configuration, interest.kind) * column.values
        likes = self._ballot.taste(profile.votes, LIKES, self._now)
        dislikes = self._ballot.taste(profile.votes, DISLIKES, self._now)
        return _Reader(wanted, exact(values), likes, self._liked(likes), dislikes, self._disliked(dislikes))

    def _liked(self, taste: Taste | None) -> Floats:
        if taste is None:
            return np.zeros(len(self._papers))
        return exact(self._configuration.vote * self._ballot.scores(taste))

    def _disliked(self, taste: Taste | None) -> Floats:
        if taste is None:
            return np.zeros(len(self._papers))
        return exact(self._configuration.less * self._ballot.scores(taste))

    def _select(self, reader: _Reader, score: Floats, places: np.ndarray, size: int) -> list[int]:
        parts = np.vstack([reader.by_interest, reader.liked])[:, places]
        rest = score[places] - parts.sum(axis=0)
        picked = select(parts, rest, self._index.content, places, self._ids[places], size, self._configuration)
        return sorted((int(places[place]) for place in picked), key=lambda paper: (-score[paper], self._ids[paper]))

    def _surprises(self, outside: np.ndarray, size: int) -> list[int]:
        """The most talked-of papers outside the profile, for the serendipity slot."""
        if size < self._configuration.serendipity_smallest_slate:
            return []
        places = np.flatnonzero(outside & (self._trending > 0))
        order = np.lexsort((self._ids[places], -(self._trending + self._freshness)[places]))
        return [int(place) for place in places[order][: self._configuration.serendipity]]

    def _choice(self, reader: _Reader, paper: int, slot: str) -> Choice:
        terms = [
            Term(interest.kind, float(value), interest.handle, self._matcher.words(interest, paper))
            for interest, value in zip(reader.interests, reader.by_interest[:, paper], strict=True)
            if value
        ]
        terms += self._vote_terms(reader.likes, float(reader.liked[paper]), paper, "vote")
        terms += self._vote_terms(reader.dislikes, -float(reader.disliked[paper]), paper, "less")
        terms.sort(key=lambda term: (-term.value, term.handle))
        attention = trending.words(self._papers[paper])
        if self._trending[paper]:
            terms.append(Term("trending", float(self._trending[paper]), "", f"trending: {attention}"))
        if self._freshness[paper]:
            age = int(trending.age_in_days(self._papers[paper], self._now))
            words = "announced today" if age == 0 else f"announced {age} day{'s' if age != 1 else ''} ago"
            terms.append(Term("freshness", float(self._freshness[paper]), "", words))
        score = sum(term.value for term in terms)
        reasons = reasons_of(terms, slot, self._configuration)
        return Choice(self._papers[paper].id, self._papers[paper].revision, score, slot, tuple(terms), reasons)

    def _vote_terms(self, taste: Taste | None, total: float, paper: int, name: str) -> list[Term]:
        """The votes' part of a score: for each vote what the score would lose without it, and what they only give together."""
        if taste is None or not total:
            return []
        sign, weight = (1.0, self._configuration.vote) if name == "vote" else (-1.0, self._configuration.less)
        values = total - sign * exact(weight * self._ballot.without_each(taste, paper))
        terms = [
            Term(name, float(value), vote.handle, _vote_words(vote.kind, vote.paper.title))
            for vote, value in zip(taste.votes, values, strict=True)
            if sign * value > 0
        ]
        rest = total - sum(term.value for term in terms)
        if rest:
            terms.append(Term(f"{name}s together", rest, "", "what your votes have in common"))
        return terms


_VOTED = {
    "more": "which you wanted more of",
    "save": "which you saved",
    "less": "which you wanted less of",
    "mute": "which you muted",
}


def _vote_words(kind: str, title: str) -> str:
    short = title if len(title) <= 80 else title[:79].rstrip() + "…"
    return f"like “{short}”, {_VOTED[kind]}"


def _check(profiles: Sequence[Profile]) -> None:
    for profile in profiles:
        if profile.size < 1:
            raise BadProfile(f"profile {profile.key} asks for {profile.size} papers; the least is 1")
        for vote in profile.votes:
            if vote.kind not in VOTE_KINDS:
                raise BadProfile(f"{vote.handle} has the kind {vote.kind!r}; known kinds are {', '.join(sorted(VOTE_KINDS))}")
