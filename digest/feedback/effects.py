"""What votes change, in words of the profile that the ranking makes of them."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from digest import corpus, papers, ranking, weights
from digest.feedback.tastes import tastes
from digest.models import Feedback, Paper
from digest.ranking.speaking import Spoken, speak
from digest.ranking.votes import DISLIKES, LIKES

_WORDS_FROM = 300
"""Papers from which the rarity of words is taken while no model has been learned."""
_VOTES_READ = 200
"""Of one reader's votes the newest; older ones have faded (`vote_half_life_days`)."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What one digest's votes since an instant said: how many of each kind, and the words that the liked papers agree on."""

    more: int = 0
    less: int = 0
    saved: int = 0
    muted: int = 0
    words: tuple[str, ...] = ()

    @property
    def votes(self) -> int:
        return self.more + self.less + self.saved + self.muted


def effect(subscription_id: int, paper_id: int, vote: str, now: dt.datetime) -> tuple[Spoken, ...]:
    """The words of the paper that a vote on it weighs, the strongest first, as they stand in the digest's profile.

    The vote need not have been cast: without it, this is what casting it would give. Empty for a paper that is gone.
    """
    kinds = LIKES if vote in LIKES else DISLIKES
    stood = [
        each
        for each in tastes([subscription_id])[subscription_id].votes
        if each.kind in kinds and not (each.paper_id == paper_id and each.kind == vote)
    ][-_VOTES_READ:]
    ranked = {each.id: each for each in papers.as_ranked({paper_id, *(each.paper_id for each in stood)})}
    if paper_id not in ranked:
        return ()
    votes = [each.on(ranked[each.paper_id]) for each in stood if each.paper_id in ranked]
    votes.append(ranking.Vote(handle="", kind=vote, paper=ranked[paper_id], at=now.timestamp()))
    return speak(votes, kinds, weights.in_force(), now.timestamp(), _model(), of=ranked[paper_id])


def learned(
    subscription_ids: Collection[int], since: dt.datetime | Mapping[int, dt.datetime], now: dt.datetime, most: int = 3
) -> dict[int, Learned]:
    """What each digest's readers said from `since` (one instant, or one for each digest) to `now`; those who said nothing are
    left out. `most` is how many words there are at most."""
    first = since if isinstance(since, dt.datetime) else min(since.values(), default=now)
    rows = Feedback.objects.filter(subscription_id__in=subscription_ids, created_at__gte=first, created_at__lt=now).order_by(
        "id"
    )
    said: dict[int, list[Feedback]] = defaultdict(list)
    for row in rows:
        if row.created_at >= (since if isinstance(since, dt.datetime) else since.get(row.subscription_id, now)):
            said[row.subscription_id].append(row)
    ranked = {each.id: each for each in papers.as_ranked({row.paper_id for voted in said.values() for row in voted})}
    return {subscription_id: _told(voted, ranked, now, most) for subscription_id, voted in said.items()}


def _told(voted: Sequence[Feedback], ranked: Mapping[int, ranking.Paper], now: dt.datetime, most: int) -> Learned:
    counts = Counter(row.vote for row in voted)
    votes = [
        ranking.Vote(handle="", kind=row.vote, paper=ranked[row.paper_id], at=row.created_at.timestamp())
        for row in voted[-_VOTES_READ:]
        if row.paper_id in ranked
    ]
    liked = any(vote.kind in LIKES for vote in votes)
    spoken = speak(votes, LIKES, weights.in_force(), now.timestamp(), _model(), most=most) if liked else ()
    return Learned(
        more=counts[Feedback.Vote.MORE],
        less=counts[Feedback.Vote.LESS],
        saved=counts[Feedback.Vote.SAVE],
        muted=counts[Feedback.Vote.MUTE],
        words=tuple(each.words for each in spoken),
    )


def _model() -> ranking.ContentModel:
    found = corpus.current()
    if found is not None:
        return found.model
    newest = Paper.objects.order_by("-id").values_list("id", flat=True).first()
    return _provisional(newest or 0)


@lru_cache(maxsize=1)
def _provisional(newest: int) -> ranking.ContentModel:
    """How rare words are among the newest papers, until a model has been learned."""
    ids = Paper.objects.filter(pk__lte=newest).order_by("-id").values_list("id", flat=True)[:_WORDS_FROM]
    return ranking.ContentModel.learn(papers.as_ranked(list(ids)), rarest=1)
