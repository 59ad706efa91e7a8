"""Why a subscription gets what it gets: every candidate with the terms of its score, and where it stands."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest import ranking
from digest.issues import choosing, decisions, frozen, windows
from digest.issues.decisions import Assignment
from digest.issues.frozen import Inputs
from digest.issues.history import histories
from digest.models import Issue
from digest.ranking.eligibility import BARRED, MUTED
from digest.weights import in_force
from subscriptions.models import Subscription

NEAR, BELOW, UNMATCHED, EARLIER = "near miss", "below the cut", "no match", "listed before the window"
# Sent before, or older than the window allows: the ranking is told no more than that.
NOT_TO_BE_SHOWN = "already sent, or announced long before"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate and where it stands: a slot's name, or why it is not in the slate. `terms` sum up to `score`."""

    paper: ranking.Paper
    standing: str
    score: float
    terms: Sequence[ranking.Term]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All candidates, the chosen ones first in their order, then the others by score."""

    window: tuple[dt.datetime, dt.datetime]
    inputs: Inputs
    slate: ranking.Slate
    candidates: Sequence[Candidate]


class NothingToExplain(LookupError):
    """There is no window at that instant; the text says why."""


def explain(subscription: Subscription, at: dt.datetime) -> Explanation:
    """What an issue published at `at` would choose from, and how. Writes nothing.

    Of issues, those before `at` count; interests, votes and papers are taken as they are now. For what an issue was really made
    from, see `explain_issue`. NothingToExplain when an issue of that very instant or later has covered it all; ValueError when
    the schedule cannot be read.
    """
    plan = decisions.plan_of(subscription, at)
    history = histories([subscription], plan.latest, before=at)[subscription.pk]
    window = windows.window(history.open_from, plan, at)
    if window is None:
        raise NothingToExplain(f"Everything up to {at.isoformat()} has been covered by an earlier issue.")
    assignment = Assignment(subscription, at, *window, history.last_number)
    given = choosing.inputs(assignment, in_force(), at, before=at)
    return _explanation(window, given)


def explain_issue(issue: Issue) -> Explanation:
    """What an issue was made from, as it was frozen; NeverRanked when it was made from nothing."""
    return _explanation((issue.window_start, issue.window_end), frozen.inputs_of(issue))


def _explanation(window: tuple[dt.datetime, dt.datetime], given: Inputs) -> Explanation:
    prepared = given.prepared()
    slate = prepared.rank([given.profile])[0]
    standing = {choice.paper: choice.slot for choice in slate.choices}
    standing |= {choice.paper: NEAR for choice in slate.near_misses}
    order = {id_: place for place, id_ in enumerate(standing)}
    scored = {choice.paper: choice for choice in prepared.explain(given.profile)}
    candidates = [_candidate(paper, given.profile, standing, scored.get(paper.id)) for paper in given.papers]
    candidates.sort(key=lambda each: (order.get(each.paper.id, len(order)), each.standing != BELOW, -each.score, each.paper.id))
    return Explanation(window, given, slate, candidates)


def _candidate(
    paper: ranking.Paper, profile: ranking.Profile, standing: Mapping[int, str], scored: ranking.Choice | None
) -> Candidate:
    if scored is None:
        return Candidate(paper, _why_not(paper, profile), 0.0, ())
    where = standing.get(paper.id) or (BELOW if scored.slot else UNMATCHED)
    return Candidate(paper, where, scored.score, scored.terms)


def _why_not(paper: ranking.Paper, profile: ranking.Profile) -> str:
    if paper.listed_at < profile.listed_from:
        return EARLIER
    if paper.id in profile.seen:
        return NOT_TO_BE_SHOWN
    if any(vote.kind == "mute" and vote.paper.id == paper.id for vote in profile.votes):
        return MUTED
    return BARRED
