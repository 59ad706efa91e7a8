"""Papers for a batch of issues: candidates once, profiles once, one ranking; what was left out is counted."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digest import corpus, feedback, papers, ranking
from digest.issues import candidates, frozen, history
from digest.issues.decisions import NOTHING_NEW, Assignment
from digest.ranking.eligibility import SEEN


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue ready to be written. Without papers it has no number, and `skip` says why; `ranked` is None if nobody looked."""

    assignment: Assignment
    skip: str
    ranked: "Ranked | None" = None

    @property
    def number(self) -> int | None:
        return None if self.skip else self.assignment.last_number + 1

    @property
    def paper_ids(self) -> list[int]:
        return [choice.paper for choice in self.ranked.slate.choices] if self.ranked else []


@dataclass(frozen=True, slots=True)
class Ranked:
    """What the ranking answered, the receipt of it, and what it was given: profile, list of candidates, content model."""

    slate: ranking.Slate
    receipt: Mapping[str, Any]
    profile: Mapping[str, Any]
    candidates_id: int
    content_model_id: int | None


def choose(assignments: Sequence[Assignment], weights: ranking.Configuration, now: dt.datetime) -> list[Draft]:
    """A draft for each assignment, in their order.

    Two digests of one person are ranked one after the other, so that the second knows what the first has taken.
    """
    open_ones = [each for each in assignments if not each.skip]
    drafts = {id(each): Draft(each, each.skip) for each in assignments if each.skip}
    if open_ones:
        batch = _Batch(open_ones, weights, now)
        for round_ in _rounds(open_ones):
            drafts |= {id(draft.assignment): draft for draft in batch.rank(round_)}
    return [drafts[id(each)] for each in assignments]


class _Batch:
    """What the rounds of one batch share."""

    def __init__(self, assignments: Sequence[Assignment], weights: ranking.Configuration, now: dt.datetime) -> None:
        starts = {each.window_start for each in assignments}
        self._weights, self._now = weights, now
        self._candidates = candidates.load(starts, now)
        self._left_out = {start: self._candidates.left_out(start) for start in starts}
        self._too_old = {start: self._candidates.too_old(start) for start in starts}
        self._tastes = feedback.tastes([each.subscription.pk for each in assignments])
        votes = {vote.paper_id for taste in self._tastes.values() for vote in taste.votes}
        self._voted = {paper.id: paper for paper in papers.as_ranked(votes)}
        self._learned = corpus.current()
        self._candidates_id = frozen.store_candidates(self._candidates.papers)
        self._states = frozen.store_states(self._voted.values())
        self._brought = history.sent(
            {each.subscription.subscriber_id for each in assignments},
            [paper.id for paper in self._candidates.papers],
            min(starts),
        )

    def rank(self, round_: Sequence[Assignment]) -> list[Draft]:
        """Drafts for assignments of different subscribers; what they bring is known to the next round."""
        profiles = [self._profile(each) for each in round_]
        model = self._learned.model if self._learned else None
        slates = ranking.rank(self._candidates.papers, profiles, self._weights, self._now.timestamp(), model)
        drafts = [self._draft(*each) for each in zip(round_, profiles, slates, strict=True)]
        for draft in drafts:
            self._brought[draft.assignment.subscription.subscriber_id].update(draft.paper_ids)
        return drafts

    def _profile(self, assignment: Assignment) -> ranking.Profile:
        taste = self._tastes[assignment.subscription.pk]
        barred = self._brought[assignment.subscription.subscriber_id] | self._too_old[assignment.window_start]
        return ranking.Profile(
            key=assignment.subscription.pk,
            interests=taste.interests,
            votes=tuple(vote.on(self._voted[vote.paper_id]) for vote in taste.votes),
            seen=frozenset(barred),
            size=assignment.subscription.size,
            listed_from=assignment.window_start.timestamp(),
        )

    def _draft(self, assignment: Assignment, profile: ranking.Profile, slate: ranking.Slate) -> Draft:
        start = assignment.window_start
        # The ranking knows old news of a narrow window as papers it shall not show; here they are counted under their own name.
        old = len(self._too_old[start] - self._brought[assignment.subscription.subscriber_id])
        left_out = self._left_out[start] + Counter(slate.excluded) - Counter({SEEN: old})
        receipt = {
            "considered": slate.considered - len(self._too_old[start]),
            "matched": slate.matched,
            "shown": len(slate.choices),
            "near_misses": [{"paper": each.paper, "score": each.score} for each in slate.near_misses],
            "excluded": dict(left_out),
            "trending_only": slate.trending_only,
            "missing_days": self._candidates.missing_days(start),
            "topics": self._tastes[assignment.subscription.pk].topics,
        }
        ranked = Ranked(
            slate,
            receipt,
            frozen.profile_json(profile, self._states),
            self._candidates_id,
            self._learned.row_id if self._learned else None,
        )
        return Draft(assignment, _why_empty(slate), ranked)


def _why_empty(slate: ranking.Slate) -> str:
    left = slate.considered - sum(slate.excluded.values())
    if slate.choices:
        return ""
    return f"none of the {left} new papers matched what you asked for" if left else NOTHING_NEW


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
