"""papers + profiles -> columns of matches -> scores -> slates with reasons: the whole of the ranking, in that order."""

import copy
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from digest.ranking.configuration import Configuration
from digest.ranking.content import ContentModel
from digest.ranking.inputs import VOTE_KINDS, Paper, Profile
from digest.ranking.matching import Asked, BadProfile, asked_of
from digest.ranking.newsroom import Desk, Hour, Newsroom
from digest.ranking.slates import Choice, Slate


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


def explain(
    papers: Sequence[Paper],
    profile: Profile,
    configuration: Configuration,
    now: float,
    model: ContentModel | None = None,
) -> list[Choice]:
    """Every paper that the profile may be shown, with all terms of its score, as `Prepared.explain` does."""
    return prepare(papers, configuration, now, model).explain(profile)


def prepare(
    papers: Sequence[Paper],
    configuration: Configuration,
    now: float,
    model: ContentModel | None = None,
) -> "Prepared":
    """The part of `rank` that does not depend on readers, done once for many batches of the same papers.

    ValueError for two papers of one id.
    """
    if len({paper.id for paper in papers}) != len(papers):
        raise ValueError("two papers of one id: rank each paper once")
    with _collector_paused():
        return Prepared(Newsroom(papers, configuration, model), now)


class Prepared:
    """Papers ready to be ranked for any number of readers. Interests once met with the papers are remembered."""

    def __init__(self, room: Newsroom, now: float) -> None:
        self.room = room
        self._hour = Hour(room, now)

    def at(self, now: float) -> "Prepared":
        """The same papers at another instant: what depends on their age is worked out anew, all else is shared."""
        if now == self._hour.now:
            return self
        other = copy.copy(self)
        other._hour = Hour(self.room, now)
        return other

    def rank(self, profiles: Sequence[Profile]) -> list[Slate]:
        """A slate for each profile, in their order: just what `rank` gives, however the profiles are cut into batches.

        Profiles that differ only in key and handles are ranked once. BadProfile as for `rank`.
        """
        with _collector_paused():
            _check(profiles)
            places: dict[object, int] = {}
            distinct: list[Profile] = []
            asked: list[tuple[Asked, ...]] = []
            alike: list[int] = []
            for profile in profiles:
                interests = asked_of(profile)
                place = places.setdefault(_taste(profile, interests), len(distinct))
                if place == len(distinct):
                    distinct.append(profile)
                    asked.append(interests)
                alike.append(place)
            slates = Desk(self.room, self._hour, distinct, asked).slates()
            return [_handed(slates[place], distinct[place], profile) for place, profile in zip(alike, profiles, strict=True)]

    def explain(self, profile: Profile) -> list[Choice]:
        """Every paper that the profile may be shown, with all terms of its score, the highest first.

        The slot is "match" or "trending" for what could fill an ordinary place, "" for what meets no interest.
        """
        _check([profile])
        return Desk(self.room, self._hour, [profile], [asked_of(profile)]).explain()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Slates are trees of small immutable objects without cycles; walking them again and again takes a fifth of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            if not gc.get_freeze_count():
                # What was made joins what is old, unwalked. Who has frozen objects (before a fork, say) keeps them frozen.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _taste(profile: Profile, interests: tuple[Asked, ...]) -> object:
    """What must be equal for two profiles to share a slate: all but the key and the handles."""
    votes = profile.votes
    return (
        interests,
        tuple([(vote.kind, vote.paper.id, vote.paper.revision, vote.paper.title, vote.at) for vote in votes]) if votes else (),
        profile.seen,
        profile.size,
        profile.minutes,
        profile.listed_from,
    )


def _handed(slate: Slate, ranked: Profile, profile: Profile) -> Slate:
    """The slate of an equal profile, with this profile's handles."""
    if ranked is profile:
        return slate
    handles = {old: new for old, new in zip(_handles(ranked), _handles(profile), strict=True) if old != new}
    if not handles:
        return slate
    return slate._replace(choices=tuple(_renamed(choice, handles) for choice in slate.choices))


def _handles(profile: Profile) -> list[str]:
    return [*(each.handle for each in profile.interests), *(vote.handle for vote in profile.votes)]


def _renamed(choice: Choice, handles: dict[str, str]) -> Choice:
    return choice._replace(
        terms=tuple(term._replace(handle=handles.get(term.handle, term.handle)) for term in choice.terms),
        reasons=tuple(reason._replace(handle=handles.get(reason.handle, reason.handle)) for reason in choice.reasons),
    )


def _check(profiles: Sequence[Profile]) -> None:
    for profile in profiles:
        if profile.size < 1:
            raise BadProfile(f"profile {profile.key} asks for {profile.size} papers; the least is 1")
        for vote in profile.votes:
            if vote.kind not in VOTE_KINDS:
                raise BadProfile(f"{vote.handle} has the kind {vote.kind!r}; known kinds are {', '.join(sorted(VOTE_KINDS))}")
