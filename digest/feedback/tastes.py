"""The tastes that subscriptions have stated and voted, as the ranking takes them."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from digest import ranking
from digest.models import Feedback
from digest.ranking import dense
from subscriptions.models import Interest


@dataclass(frozen=True, slots=True)
class Taste:
    """All that one subscription has said: its interests and its votes, in the order in which they came."""

    interests: tuple[ranking.Interest, ...] = ()
    votes: tuple["Vote", ...] = ()

    @property
    def topics(self) -> list[str]:
        """The names under which a masthead lists what was asked for."""
        named = {Interest.Kind.TOPIC, Interest.Kind.CATEGORY, Interest.Kind.KEYWORD}
        return [each.label for each in self.interests if each.kind in named and not each.excluded]

    def said_since(self, instant: dt.datetime) -> dict[str, int]:
        """How many votes of each kind were given at `instant` or later."""
        return dict(Counter(each.kind for each in self.votes if each.at >= instant))


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote whose paper is yet to be loaded."""

    id: int
    kind: str
    paper_id: int
    at: dt.datetime

    def on(self, paper: ranking.Paper) -> ranking.Vote:
        """The vote as the ranking takes it."""
        return ranking.Vote(handle=f"vote:{self.id}", kind=self.kind, paper=paper, at=self.at.timestamp())


def tastes(subscription_ids: Collection[int]) -> Mapping[int, Taste]:
    """The taste of each subscription, in two queries; one that said nothing has the empty taste.

    With the optional extra wanted free texts bear their vectors, once these are computed.
    """
    model = dense.model()
    interests: dict[int, list[ranking.Interest]] = defaultdict(list)
    stated = Interest.objects.filter(subscription_id__in=subscription_ids).order_by("id")
    for id_, subscription_id, kind, slug, name, value, excluded, vector, by in stated.values_list(
        "id", "subscription_id", "kind", "topic__slug", "topic__name", "value", "excluded", "meaning", "meaning_model"
    ):
        meaning = bytes(vector) if vector is not None and model and by == model and not excluded else b""
        interests[subscription_id].append(
            ranking.Interest(f"interest:{id_}", kind, slug or value, name or value, excluded, meaning)
        )
    votes: dict[int, list[Vote]] = defaultdict(list)
    cast = Feedback.objects.filter(subscription_id__in=subscription_ids).order_by("id")
    for id_, subscription_id, kind, paper_id, at in cast.values_list("id", "subscription_id", "vote", "paper_id", "created_at"):
        votes[subscription_id].append(Vote(id_, kind, paper_id, at))
    return {each: Taste(tuple(interests[each]), tuple(votes[each])) for each in subscription_ids}
