"""Papers for a batch of issues: candidates once, profiles once, one ranking; what was left out is counted."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digest import feedback, papers, ranking
from digest.issues import history
from digest.issues.decisions import NOTHING_NEW, Assignment


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue ready to be written. Without papers it has no slate and no number, and `skip` says why."""

    assignment: Assignment
    slate: ranking.Slate | None
    receipt: Mapping[str, Any]
    skip: str

    @property
    def number(self) -> int | None:
        return None if self.skip else self.assignment.last_number + 1

    @property
    def paper_ids(self) -> list[int]:
        return [choice.paper for choice in self.slate.choices] if self.slate and not self.skip else []


def choose(assignments: Sequence[Assignment], weights: ranking.Configuration, now: dt.datetime) -> list[Draft]:
    """A draft for each assignment, in their order.

    Two digests of one person are ranked one after the other, so that the second knows what the first has taken.
    """
    open_ones = [each for each in assignments if not each.skip]
    drafts = {id(each): Draft(each, None, {}, each.skip) for each in assignments if each.skip}
    if open_ones:
        start = min(each.window_start for each in open_ones)
        found = papers.candidates(start, now)
        tastes = feedback.tastes([each.subscription.pk for each in open_ones])
        voted = papers.as_ranked({vote.paper_id for taste in tastes.values() for vote in taste.votes})
        brought = history.sent(
            {each.subscription.subscriber_id for each in open_ones}, [paper.id for paper in found.papers], start
        )
        for round_ in _rounds(open_ones):
            profiles = [
                _profile(each, tastes[each.subscription.pk], voted, brought[each.subscription.subscriber_id]) for each in round_
            ]
            slates = ranking.rank(found.papers, profiles, weights, now.timestamp())
            for each, slate in zip(round_, slates, strict=True):
                draft = _draft(each, slate, tastes[each.subscription.pk], found.excluded(each.window_start))
                brought[each.subscription.subscriber_id].update(draft.paper_ids)
                drafts[id(each)] = draft
    return [drafts[id(each)] for each in assignments]


def _rounds(assignments: Sequence[Assignment]) -> list[list[Assignment]]:
    """The first assignment of every subscriber, then every second one, and so on."""
    rounds: list[list[Assignment]] = []
    met: dict[int, int] = defaultdict(int)
    for each in assignments:
        turn = met[each.subscription.subscriber_id]
        met[each.subscription.subscriber_id] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(each)
    return rounds


def _profile(
    assignment: Assignment, taste: feedback.Taste, voted: Mapping[int, ranking.Paper], brought: set[int]
) -> ranking.Profile:
    return ranking.Profile(
        key=assignment.subscription.pk,
        interests=taste.interests,
        votes=tuple(vote.on(voted[vote.paper_id]) for vote in taste.votes if vote.paper_id in voted),
        seen=frozenset(brought),
        size=assignment.subscription.size,
        listed_from=assignment.window_start.timestamp(),
    )


def _draft(assignment: Assignment, slate: ranking.Slate, taste: feedback.Taste, left_out: Mapping[str, int]) -> Draft:
    return Draft(
        assignment,
        slate,
        {
            "considered": slate.considered,
            "matched": slate.matched,
            "shown": len(slate.choices),
            "near_misses": [{"paper": each.paper, "score": each.score} for each in slate.near_misses],
            "excluded": {**left_out, **slate.excluded},
            "trending_only": slate.trending_only,
            "missing_days": 0,
            "topics": taste.topics,
        },
        _why_empty(slate),
    )


def _why_empty(slate: ranking.Slate) -> str:
    left = slate.considered - sum(slate.excluded.values())
    if slate.choices:
        return ""
    return f"none of the {left} new papers matched what you asked for" if left else NOTHING_NEW
