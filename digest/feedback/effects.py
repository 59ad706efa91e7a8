"""What votes change, in words of the profile that the ranking makes of them."""

import datetime as dt
from functools import lru_cache

from digest import corpus, papers, ranking, weights
from digest.feedback.tastes import tastes
from digest.models import Paper
from digest.ranking.speaking import Spoken, speak
from digest.ranking.votes import DISLIKES, LIKES

_WORDS_FROM = 300
"""Papers from which the rarity of words is taken while no model has been learned."""
_VOTES_READ = 200
"""Of one reader's votes the newest; older ones have faded (`vote_half_life_days`)."""


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
