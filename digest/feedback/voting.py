"""Votes on papers: cast once each, opposite ones giving way, all of it undone by one press."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from digest.models import Feedback, Paper
from subscriptions.models import Subscription

_GIVES_WAY = {
    Feedback.Vote.MORE: (Feedback.Vote.LESS, Feedback.Vote.MUTE),
    Feedback.Vote.LESS: (Feedback.Vote.MORE,),
    Feedback.Vote.SAVE: (Feedback.Vote.MUTE,),
    Feedback.Vote.MUTE: (Feedback.Vote.MORE, Feedback.Vote.SAVE),
}
"""What a vote takes back: nobody wants more and less of one paper."""


@dataclass(frozen=True)
class Cast:
    """`new`: the vote did not stand before. `displaced` are the opposite votes that gave way, for an undo to bring back."""

    new: bool
    displaced: tuple[str, ...] = ()


def paper_of(paper_id: int) -> Paper | None:
    """The paper, or the one that stands for it since they turned out to be the same; None when there is none."""
    found = Paper.objects.select_related("merged_into").prefetch_related("topics").filter(pk=paper_id).first()
    return paper_of(found.merged_into_id) if found is not None and found.merged_into_id is not None else found


def standing(subscription_id: int, paper_id: int) -> frozenset[str]:
    """The votes of one digest on a paper."""
    return frozenset(Feedback.objects.filter(subscription_id=subscription_id, paper_id=paper_id).values_list("vote", flat=True))


def cast(subscription_id: int, paper_id: int, vote: str, now: dt.datetime) -> Cast:
    """Write the vote down; casting it again changes nothing. ValueError for a vote that is none."""
    kind = Feedback.Vote(vote)
    with transaction.atomic():
        _lock(subscription_id)
        paper_id = Paper.held(paper_id) or paper_id
        stood = standing(subscription_id, paper_id)
        displaced = tuple(each.value for each in _GIVES_WAY[kind] if each.value in stood)
        Feedback.objects.filter(subscription_id=subscription_id, paper_id=paper_id, vote__in=displaced).delete()
        if kind.value not in stood:
            Feedback.objects.create(subscription_id=subscription_id, paper_id=paper_id, vote=kind, created_at=now)
    return Cast(kind.value not in stood, displaced)


def undo(subscription_id: int, paper_id: int, vote: str, displaced: Collection[str], now: dt.datetime) -> None:
    """Take the vote back, and bring back what it displaced, as votes of `now`. ValueError for a vote that is none."""
    kind = Feedback.Vote(vote)
    again = [each for each in _GIVES_WAY[kind] if each.value in displaced]
    with transaction.atomic():
        _lock(subscription_id)
        paper_id = Paper.held(paper_id) or paper_id
        removed, _ = Feedback.objects.filter(subscription_id=subscription_id, paper_id=paper_id, vote=kind).delete()
        if removed:
            Feedback.objects.bulk_create(
                (Feedback(subscription_id=subscription_id, paper_id=paper_id, vote=each, created_at=now) for each in again),
                ignore_conflicts=True,
            )


def _lock(subscription_id: int) -> None:
    """Two presses of one reader take turns; a merge that moves votes only needs the key, and is not kept waiting."""
    Subscription.objects.select_for_update(no_key=True).filter(pk=subscription_id).first()
