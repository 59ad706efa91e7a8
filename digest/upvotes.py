"""Upvotes of the site's own readers: one for each subscriber and paper, weighed by how long the account has been there."""

import datetime as dt

from django.db import transaction

from digest.models import Paper, Upvote
from digest.ranking.trust import voter_trust
from subscriptions.models import Subscriber

_DAY = dt.timedelta(days=1)
EACH_DAY = 100


def cast(subscriber: Subscriber, paper_id: int, now: dt.datetime) -> Upvote:
    """The subscriber's vote for the paper, written now if it did not stand. A vote keeps the weight that it was cast with.

    It is for the paper that the id means now, if that was merged. Paper.DoesNotExist for one that is none.
    """
    with transaction.atomic():
        held = Paper.held(paper_id)
        if held is None:
            raise Paper.DoesNotExist(f"There is no paper {paper_id}.")
        vote, _ = Upvote.objects.get_or_create(
            subscriber=subscriber, paper_id=held, defaults={"created_at": now, "weight": weight(subscriber, now)}
        )
    return vote


def take_back(subscriber: Subscriber, paper_id: int) -> bool:
    """Remove the vote; whether there was one."""
    removed, _ = Upvote.objects.filter(subscriber=subscriber, paper_id=paper_id).delete()
    return removed > 0


def weight(subscriber: Subscriber, now: dt.datetime) -> float:
    """What a vote of this subscriber counts at `now`, in (0, 1]."""
    confirmed = subscriber.confirmed_at or now
    return voter_trust((now - confirmed) / _DAY)
