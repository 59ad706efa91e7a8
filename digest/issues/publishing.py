"""Publishing: claim what is due, decide, choose, write, all in one transaction per batch.

    claim (SKIP LOCKED) -> histories -> decisions -> choosing: candidates, profiles, ranking.rank -> ledger

A claim locks the subscription and its subscriber, so that no two publishers make one issue, nor choose the same paper for one
person. The shared listing lock is held from before the candidates are read until the commit: whatever is listed meanwhile falls
into the next window.
"""

import datetime as dt
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction

from digest import papers
from digest.issues import choosing, configurations, decisions, ledger
from digest.issues.choosing import Draft, Foreseen
from digest.issues.decisions import Assignment, Decision
from digest.issues.history import NOT_SENT, History, histories
from digest.issues.windows import Plan
from digest.models import Issue
from digest.weights import in_force
from subscriptions import suppression
from subscriptions.models import Subscriber, Subscription

logger = logging.getLogger(__name__)

# A subscription whose schedule cannot be read is looked at again after this long, rather than at the head of every batch.
_SET_ASIDE = dt.timedelta(days=1)

_DecideOne = Callable[[Subscription, Plan, History, dt.datetime], Decision]


@dataclass(frozen=True, slots=True)
class Published:
    """What a batch did. `issues` are the ids of those with papers; `refused` says, by subscription, why there is none."""

    claimed: int = 0
    published: int = 0
    skipped: int = 0
    issues: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a batch is about to write."""

    drafts: Sequence[Draft]
    refused: Mapping[int, str]
    next_issue_at: Mapping[int, dt.datetime | None]
    configuration_id: int


def publish_due(now: dt.datetime, limit: int) -> Published:
    """Publish for up to `limit` subscriptions whose hour has come, the longest waiting first, past others' claims."""
    with transaction.atomic():
        papers.publishing_lock()
        due = Subscription.objects.due(now).select_related("subscriber")
        claimed = list(due.select_for_update(skip_locked=True, no_key=True, of=("self", "subscriber"))[:limit])
        return _write(_prepare(claimed, decisions.when_due, now), len(claimed), now) if claimed else Published()


def publish(subscription_ids: Collection[int], now: dt.datetime) -> Published:
    """Send now what was due last: each subscription's issue of the latest hour that has passed, unless it went out already."""
    with transaction.atomic():
        papers.publishing_lock()
        # Locks are taken in one order, so that two requests for the same people cannot wait for each other.
        wanted = Subscription.objects.filter(pk__in=subscription_ids).select_related("subscriber")
        locked = list(wanted.order_by("subscriber_id", "pk").select_for_update(no_key=True, of=("self", "subscriber")))
        live = [each for each in locked if not _not_live(each)]
        refused = {each: f"there is no subscription {each}" for each in subscription_ids}
        refused |= {each.pk: _not_live(each) for each in locked}
        done = _write(_prepare(live, decisions.on_request, now), len(live), now)
        unfit = {id_: why for id_, why in refused.items() if why}
        return replace(done, refused={**unfit, **done.refused})


def publish_sample(subscription_id: int, now: dt.datetime) -> Published:
    """Send one sample of a digest that has sent nothing yet, from the papers of one cadence back; the schedule stays as it is.

    Refused when the digest is not live, or when a sample or an issue is on its way or went out.
    """
    with transaction.atomic():
        papers.publishing_lock()
        wanted = Subscription.objects.filter(pk=subscription_id).select_related("subscriber")
        subscription = wanted.select_for_update(no_key=True, of=("self", "subscriber")).first()
        why = _not_live(subscription) if subscription else f"there is no subscription {subscription_id}"
        if subscription is None or why:
            return Published(refused={subscription_id: why})
        if Issue.objects.filter(subscription=subscription).exclude(delivery__state__in=NOT_SENT).exists():
            return Published(refused={subscription_id: "a sample or an issue went out already"})
        cadence = decisions.plan_of(subscription, now).cadence
        suppressed = suppression.standing([bytes(subscription.subscriber.mailbox_hash)])
        skip = decisions.SUPPRESSED if suppressed else ""
        assignment = Assignment(subscription, now, now - cadence, now, last_number=0, skip=skip, sample=True)
        configuration = configurations.current()
        drafts = choosing.choose([assignment], configuration.weights, now)
        return _write(Prepared(drafts, {}, {}, configuration.row_id), 1, now)


@dataclass(frozen=True, slots=True)
class Foresight:
    """What publishing would do at `at`; `refused` says, by subscription, why there is no issue. None: nobody is ever due."""

    at: dt.datetime | None
    issues: Sequence[Foreseen] = ()
    refused: Mapping[int, str] = field(default_factory=dict)


def foresee(now: dt.datetime, limit: int) -> Foresight:
    """What `publish_due` would choose for up to `limit` subscriptions: now, or at the next hour at which any is due.

    Receipts are not drawn up and nothing is frozen, so it takes few queries and writes nothing.
    """
    first = list(Subscription.objects.live().select_related("subscriber").order_by("next_issue_at", "id")[:limit])
    if not first or first[0].next_issue_at is None:
        return Foresight(None)
    at = max(now, first[0].next_issue_at)
    decided = _decide([each for each in first if each.next_issue_at and each.next_issue_at <= at], decisions.when_due, at)
    return Foresight(at, choosing.foresee(decided.assignments, in_force(), at), decided.refused)


def preview(now: dt.datetime, subscription_ids: Collection[int] | None, limit: int) -> Prepared:
    """What `publish` (with ids) or `publish_due` (without) would write at `now`; writes nothing and locks nothing."""
    with transaction.atomic():
        if subscription_ids is None:
            claimed = list(Subscription.objects.due(now).select_related("subscriber")[:limit])
            prepared = _prepare(claimed, decisions.when_due, now)
        else:
            live = Subscription.objects.live().filter(pk__in=subscription_ids).select_related("subscriber")
            prepared = _prepare(list(live.order_by("subscriber_id", "pk")), decisions.on_request, now)
        transaction.set_rollback(True)
    return prepared


@dataclass(frozen=True, slots=True)
class _Decided:
    assignments: Sequence[Assignment]
    refused: Mapping[int, str]
    next_issue_at: Mapping[int, dt.datetime | None]


def _decide(subscriptions: Sequence[Subscription], decide: _DecideOne, now: dt.datetime) -> _Decided:
    plans: dict[int, Plan] = {}
    refused: dict[int, str] = {}
    for each in subscriptions:
        try:
            plans[each.pk] = decisions.plan_of(each, now)
        except ValueError as error:
            refused[each.pk] = f"its schedule cannot be read: {error}"
            logger.warning("subscription %s is set aside for a day: %s", each.pk, error)
    next_issue_at: dict[int, dt.datetime | None] = dict.fromkeys(refused, now + _SET_ASIDE)
    planned = [each for each in subscriptions if each.pk in plans]
    hours = [each.next_issue_at for each in planned if each.next_issue_at] + [each.latest for each in plans.values()]
    known = histories(planned, min(hours, default=now))
    decided = {each.pk: decide(each, plans[each.pk], known[each.pk], now) for each in planned}
    refused |= {id_: decision.refused for id_, decision in decided.items() if decision.refused}
    next_issue_at |= {id_: decision.next_issue_at for id_, decision in decided.items()}
    return _Decided([each for decision in decided.values() for each in decision.assignments], refused, next_issue_at)


def _prepare(subscriptions: Sequence[Subscription], decide: _DecideOne, now: dt.datetime) -> Prepared:
    decided = _decide(subscriptions, decide, now)
    configuration = configurations.current()
    drafts = choosing.choose(decided.assignments, configuration.weights, now)
    return Prepared(drafts, decided.refused, decided.next_issue_at, configuration.row_id)


def _write(prepared: Prepared, claimed: int, now: dt.datetime) -> Published:
    ids = ledger.write(prepared.drafts, prepared.configuration_id, now)
    ledger.reschedule(prepared.next_issue_at)
    issues = [id_ for id_, draft in zip(ids, prepared.drafts, strict=True) if not draft.skip]
    return Published(claimed, len(issues), len(ids) - len(issues), issues, dict(prepared.refused))


def _not_live(subscription: Subscription) -> str:
    if subscription.ended_at is not None:
        return "it has ended"
    confirmed = subscription.subscriber.status == Subscriber.Status.CONFIRMED and subscription.next_issue_at is not None
    return "" if confirmed else "it is not confirmed yet"
