"""Papers for a batch of issues: candidates once, profiles once, one ranking; what was left out is counted."""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digest import corpus, feedback, papers, ranking
from digest.issues import candidates, frozen, history, meanwhile, revisits, shelf
from digest.issues.decisions import NOTHING_NEW, Assignment
from digest.issues.shelf import Listed
from digest.ranking.eligibility import SEEN
from subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue ready to be written. Without papers it has no number, and `skip` says why; `ranked` is None if nobody looked."""

    assignment: Assignment
    skip: str
    ranked: "Ranked | None" = None

    @property
    def number(self) -> int | None:
        return None if self.skip or self.assignment.sample else self.assignment.last_number + 1

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


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an assignment would bring as things stand: its papers in order, or why it would be skipped."""

    assignment: Assignment
    skip: str
    papers: tuple[ranking.Paper, ...] = ()

    @property
    def number(self) -> int | None:
        return None if self.skip or self.assignment.sample else self.assignment.last_number + 1


def foresee(assignments: Sequence[Assignment], weights: ranking.Configuration, now: dt.datetime) -> list[Foreseen]:
    """What `choose` would choose, with neither receipts nor anything frozen: few questions, and nothing is written."""
    open_ones = [each for each in assignments if not each.skip]
    foreseen = {id(each): Foreseen(each, each.skip) for each in assignments if each.skip}
    if open_ones:
        listed = tuple(papers.eligible(min(each.window_start for each in open_ones), now))
        readers = _Readers(open_ones, listed, now)
        shared = ranking.prepare(listed, weights, now.timestamp(), readers.model)
        for assignment in itertools.chain.from_iterable(_rounds(open_ones)):
            given = readers.inputs(assignment, weights)
            slate = (shared if given.papers is listed else given.prepared()).rank([given.profile])[0]
            known = {paper.id: paper for paper in given.papers}
            foreseen[id(assignment)] = Foreseen(
                assignment, _why_empty(slate), tuple(known[each.paper] for each in slate.choices)
            )
            readers.take(assignment, [each.paper for each in slate.choices])
    return [foreseen[id(each)] for each in assignments]


def inputs(
    assignment: Assignment, weights: ranking.Configuration, now: dt.datetime, before: dt.datetime | None = None
) -> frozen.Inputs:
    """What the ranking would be given for one assignment; `before` as for `history.sent`. Writes nothing."""
    return _Readers([assignment], papers.eligible(assignment.window_start, now), now, before).inputs(assignment, weights)


class _Readers:
    """What is known of the readers of a batch: tastes, votes, what they were sent; and the words that the ranking knows."""

    def __init__(
        self,
        assignments: Sequence[Assignment],
        listed: Sequence[ranking.Paper],
        now: dt.datetime,
        before: dt.datetime | None = None,
    ) -> None:
        starts = {each.window_start for each in assignments}
        self._listed, self._now = listed, now
        self._too_old = {start: candidates.too_old(listed, start) for start in starts}
        self.tastes = feedback.tastes([each.subscription.pk for each in assignments])
        votes = {vote.paper_id for taste in self.tastes.values() for vote in taste.votes}
        self.voted = {paper.id: paper for paper in papers.as_ranked(votes)}
        self.again = revisits.due(self.tastes, self.voted, min(starts), now)
        self.learned = corpus.current()
        self._brought = history.sent(
            {each.subscription.subscriber_id for each in assignments}, [paper.id for paper in listed], min(starts), before
        )

    @property
    def model(self) -> ranking.ContentModel | None:
        return self.learned.model if self.learned else None

    def inputs(self, assignment: Assignment, weights: ranking.Configuration) -> frozen.Inputs:
        """What one assignment is ranked from."""
        again = self.again.get(assignment.subscription.pk, {})
        listed = self._listed
        if again:
            known = {paper.id for paper in listed}
            listed = [*listed, *(paper for id_, paper in again.items() if id_ not in known)]
        profile = self.profile(assignment, self.hidden(assignment, frozenset(again)))
        return frozen.Inputs(listed, profile, weights, self._now.timestamp(), self.model)

    def hidden(self, assignment: Assignment, extra: frozenset[int]) -> frozenset[int]:
        """Papers on the list that are no news to this reader: too old for a narrower window, or come again for someone else."""
        own = self.again.get(assignment.subscription.pk, {})
        return self._too_old[assignment.window_start] | (extra - own.keys())

    def profile(self, assignment: Assignment, hidden: frozenset[int]) -> ranking.Profile:
        taste = self.tastes[assignment.subscription.pk]
        return ranking.Profile(
            key=assignment.subscription.pk,
            interests=taste.interests,
            votes=tuple(vote.on(self.voted[vote.paper_id]) for vote in taste.votes),
            seen=frozenset(self._brought[assignment.subscription.subscriber_id] | hidden),
            size=assignment.subscription.size,
            minutes=_minutes(assignment.subscription),
            listed_from=assignment.window_start.timestamp(),
        )

    def unsent(self, assignment: Assignment, papers: frozenset[int]) -> int:
        """How many of these papers the reader has never been sent."""
        return len(papers - self._brought[assignment.subscription.subscriber_id])

    def take(self, assignment: Assignment, paper_ids: Iterable[int]) -> None:
        """Another digest of the same person is not to bring these."""
        self._brought[assignment.subscription.subscriber_id].update(paper_ids)


class _Batch:
    """What the rounds of one batch share."""

    def __init__(self, assignments: Sequence[Assignment], weights: ranking.Configuration, now: dt.datetime) -> None:
        starts = {each.window_start for each in assignments}
        self._weights, self._now = weights, now
        self._candidates = candidates.load(starts, now)
        self._left_out = {start: self._candidates.left_out(start) for start in starts}
        self._readers = _Readers(assignments, self._candidates.listed.papers, now)
        self._away = meanwhile.away_since(assignments)
        self._states = frozen.store_states(self._readers.voted.values())

    def rank(self, round_: Sequence[Assignment]) -> list[Draft]:
        """Drafts for assignments of different subscribers; what they bring is known to the next round."""
        again = self._readers.again
        returning = [each for each in round_ if each.subscription.pk in again]
        others = [each for each in round_ if each.subscription.pk not in again]
        drafts = self._rank(others, self._candidates.listed, frozenset()) if others else []
        if returning:
            # They choose from a list of their own, so that what comes again for one is not even a candidate for all.
            extra = {id_: paper for each in returning for id_, paper in again[each.subscription.pk].items()}
            drafts += self._rank(returning, self._candidates.listed.with_more(extra.values()), frozenset(extra))
        for draft in drafts:
            self._readers.take(draft.assignment, draft.paper_ids)
        return drafts

    def _rank(self, assignments: Sequence[Assignment], listed: Listed, extra: frozenset[int]) -> list[Draft]:
        hidden = [self._readers.hidden(each, extra) for each in assignments]
        profiles = [self._readers.profile(*each) for each in zip(assignments, hidden, strict=True)]
        slates = shelf.prepare(listed, self._weights, self._readers.learned, self._now.timestamp()).rank(profiles)
        return [
            self._draft(assignment, slate, profile, self._readers.unsent(assignment, out), listed)
            for assignment, slate, profile, out in zip(assignments, slates, profiles, hidden, strict=True)
        ]

    def _draft(
        self, assignment: Assignment, slate: ranking.Slate, profile: ranking.Profile, hidden: int, listed: Listed
    ) -> Draft:
        """`hidden` counts papers that the ranking was told not to show though they were never sent; they are no candidates."""
        start, subscription_id = assignment.window_start, assignment.subscription.pk
        excluded = {**self._left_out[start], **slate.excluded}
        excluded[SEEN] = excluded.get(SEEN, 0) - hidden
        excluded[candidates.VERSIONS] -= len(self._readers.again.get(subscription_id, {}))
        receipt: dict[str, Any] = {
            "considered": slate.considered - hidden,
            "matched": slate.matched,
            "shown": len(slate.choices),
            "near_misses": [{"paper": each.paper, "score": each.score} for each in slate.near_misses],
            "excluded": {reason: count for reason, count in excluded.items() if count > 0},
            "trending_only": slate.trending_only,
            "missing_days": self._candidates.missing_days(start),
            "topics": self._readers.tastes[subscription_id].topics,
        }
        if assignment.last_number and (said := self._readers.tastes[subscription_id].said_since(start)):
            receipt["learned"] = said
        if subscription_id in self._away:
            receipt["away_since"] = self._away[subscription_id].isoformat()
        content_model_id = self._readers.learned.row_id if self._readers.learned else None
        ranked = Ranked(slate, receipt, frozen.profile_json(profile, self._states), listed.row_id, content_model_id)
        return Draft(assignment, _why_empty(slate), ranked)


def _minutes(subscription: Subscription) -> float:
    """The minutes of reading that a subscriber wants instead of a number of papers; 0 without such a wish."""
    return float(subscription.minutes or 0)


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
