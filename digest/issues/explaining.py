"""Why a subscription gets what it gets: every candidate with the terms of its score, and where it stands."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from django.db import transaction

from digest import ranking
from digest.issues import choosing, configurations, decisions, frozen, windows
from digest.issues.decisions import Assignment
from digest.issues.frozen import Inputs
from digest.issues.history import histories
from digest.models import Issue
from digest.ranking.eligibility import BARRED, MUTED
from subscriptions.models import Subscription

NEAR, BELOW, UNMATCHED, EARLIER = "near miss", "below the cut", "no match", "listed before the window"
# Sent before, or older than the window allows: the ranking is told no more than that.
NOT_TO_BE_SHOWN = "already sent, or announced long before"
# What matches nothing still has the terms that hold for everyone; they are had from slates of this many papers at a time.
_AT_ONCE = 200


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
    with transaction.atomic():
        plan = decisions.plan_of(subscription, at)
        history = histories([subscription], plan.latest, before=at)[subscription.pk]
        window = windows.window(history.open_from, plan, at)
        if window is None:
            raise NothingToExplain(f"Everything up to {at.isoformat()} has been covered by an earlier issue.")
        assignment = Assignment(subscription, at, *window, history.last_number)
        given = choosing.inputs(assignment, configurations.current().weights, at, before=at)
        transaction.set_rollback(True)
    return _explanation(window, given)


def explain_issue(issue: Issue) -> Explanation:
    """What an issue was made from, as it was frozen; NeverRanked when it was made from nothing."""
    return _explanation((issue.window_start, issue.window_end), frozen.inputs_of(issue))


def _explanation(window: tuple[dt.datetime, dt.datetime], given: Inputs) -> Explanation:
    # With as many near misses as there are papers, everything that matches is in the answer; the choices stay what they were.
    all_near = replace(given.configuration, near_misses=len(given.papers))
    slate = replace(given, configuration=all_near).rank()
    shown = given.configuration.near_misses
    standing = {choice.paper: (choice.slot, choice) for choice in slate.choices}
    for place, choice in enumerate(slate.near_misses):
        standing[choice.paper] = (NEAR if place < shown else BELOW, choice)
    general = _general(given, [paper for paper in given.papers if paper.id not in standing])
    order = {id_: place for place, id_ in enumerate(standing)}
    candidates = [_candidate(paper, given.profile, standing, general) for paper in given.papers]
    candidates.sort(key=lambda each: (order.get(each.paper.id, len(order)), -each.score, each.paper.id))
    return Explanation(window, given, replace(slate, near_misses=slate.near_misses[:shown]), candidates)


def _candidate(
    paper: ranking.Paper,
    profile: ranking.Profile,
    standing: Mapping[int, tuple[str, ranking.Choice]],
    general: Mapping[int, ranking.Choice],
) -> Candidate:
    if paper.id in standing:
        where, choice = standing[paper.id]
        return Candidate(paper, where, choice.score, choice.terms)
    anyhow = general.get(paper.id)
    score, terms = (anyhow.score, anyhow.terms) if anyhow else (0.0, ())
    return Candidate(paper, _why_not(paper, profile, barred=anyhow is None), score, terms)


def _why_not(paper: ranking.Paper, profile: ranking.Profile, *, barred: bool) -> str:
    if paper.listed_at < profile.listed_from:
        return EARLIER
    if paper.id in profile.seen:
        return NOT_TO_BE_SHOWN
    if any(vote.kind == "mute" and vote.paper.id == paper.id for vote in profile.votes):
        return MUTED
    return BARRED if barred else UNMATCHED


def _general(given: Inputs, papers: Sequence[ranking.Paper]) -> Mapping[int, ranking.Choice]:
    """Papers as a reader would be offered them who asks for nothing and only has the same never-show list."""
    never = tuple(each for each in given.profile.interests if each.excluded)
    found: dict[int, ranking.Choice] = {}
    for some in _batches(papers):
        nobody = ranking.Profile(key=given.profile.key, interests=never, size=len(some))
        slate = replace(given, papers=some, profile=nobody).rank()
        found |= {choice.paper: choice for choice in slate.choices}
    return found


def _batches(papers: Sequence[ranking.Paper]) -> Iterator[list[ranking.Paper]]:
    left = iter(papers)
    while some := list(islice(left, _AT_ONCE)):
        yield some
