"""What went before: the last issue that went out, its number, the hours already answered, the papers already sent."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from digest.models import Delivery, Issue
from subscriptions import suppression
from subscriptions.models import Subscription

# What failed or was skipped never reached its reader: its papers are still new, and its window is still open.
NOT_SENT = [Delivery.State.FAILED, Delivery.State.SKIPPED]
# An issue covers what was listed before it was published, at most two of the longest cadences (two times 35 days, and a day
# that a zone may leave out) after the hour it was due.
_LONGEST_WINDOW = dt.timedelta(days=72)


@dataclass(frozen=True, slots=True)
class Answered:
    """An issue that exists for an hour. `skipped` ones hold nothing that was sent, and may be made anew."""

    issue_id: int
    skipped: bool


@dataclass(frozen=True, slots=True)
class History:
    """Of one subscription: from when on its reader has been sent nothing, the highest number given, the hours answered.

    `open_from` is where the last window that went out ended. When none has, it is where the first one that did not started, and
    None before any.
    """

    open_from: dt.datetime | None
    last_number: int
    answered: Mapping[dt.datetime, Answered]
    suppressed: bool


def histories(
    subscriptions: Sequence[Subscription], since: dt.datetime, before: dt.datetime | None = None
) -> Mapping[int, History]:
    """By subscription; `answered` goes back to `since`, the earliest hour that is asked about. Three queries.

    `before` is for looking back: issues that were published at that instant or later are left out.
    """
    ids = [each.pk for each in subscriptions]
    earlier = _earlier(before)
    own = earlier.filter(subscription=OuterRef("pk"))
    numbered = own.filter(number__isnull=False).order_by("-number")
    went_out = numbered.exclude(delivery__state__in=NOT_SENT)
    first = own.order_by("due_at")
    last = {
        id_: (end or start, number or 0)
        for id_, end, start, number in Subscription.objects.filter(pk__in=ids).values_list(
            "pk",
            Subquery(went_out.values("window_end")[:1]),
            Subquery(first.values("window_start")[:1]),
            Subquery(numbered.values("number")[:1]),
        )
    }
    answered: dict[int, dict[dt.datetime, Answered]] = defaultdict(dict)
    for id_, subscription_id, due_at, number, state in earlier.filter(subscription_id__in=ids, due_at__gte=since).values_list(
        "pk", "subscription_id", "due_at", "number", "delivery__state"
    ):
        answered[subscription_id][due_at] = Answered(id_, skipped=number is None and state == Delivery.State.SKIPPED)
    hashes = {each.pk: bytes(each.subscriber.mailbox_hash) for each in subscriptions}
    suppressed = suppression.standing(hashes.values())
    return {id_: History(*last[id_], answered[id_], hashes[id_] in suppressed) for id_ in ids}


def sent(
    subscriber_ids: Collection[int], candidates: Collection[int], since: dt.datetime, before: dt.datetime | None = None
) -> Mapping[int, set[int]]:
    """By subscriber, which of the candidates any of their subscriptions has already brought, under whatever number they had.

    `since` is where the candidates' window starts: what an earlier window covered cannot be among them, unless a paper that was
    sent has since been merged into one of them.
    """
    merged = _merged_into(candidates)
    wanted = set(candidates)
    brought: dict[int, set[int]] = {each: set() for each in subscriber_ids}
    for subscriber_id, paper_ids in _recent(subscriber_ids, list(merged), since, before):
        brought[subscriber_id].update(_present(paper_ids, merged) & wanted)
    return brought


def _recent(
    subscriber_ids: Collection[int], merged: list[int], since: dt.datetime, before: dt.datetime | None
) -> Sequence[tuple[int, list[int]]]:
    """Subscriber and papers of each issue that went out and covered something after `since`, or brought one of `merged`.

    Written out as one look per subscription. Early in a great run the statistics still say that there are no issues, and the
    planner, left free, reads all that the run has written so far, for each batch anew.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT subscription.subscriber_id, issue.paper_ids
               FROM subscriptions_subscription subscription CROSS JOIN LATERAL (
                   SELECT id, paper_ids, published_at, window_end FROM digest_issue
                   WHERE subscription_id = subscription.id AND due_at > %s
                   UNION ALL
                   SELECT id, paper_ids, published_at, 'infinity' FROM digest_issue
                   WHERE cardinality(%s::bigint[]) > 0 AND subscription_id = subscription.id AND paper_ids && %s::bigint[]
                   OFFSET 0
               ) issue CROSS JOIN LATERAL (
                   SELECT state FROM digest_delivery WHERE issue_id = issue.id OFFSET 0
               ) delivery
               WHERE subscription.subscriber_id = ANY(%s) AND issue.window_end > %s AND delivery.state <> ALL(%s)
                   AND (%s OR issue.published_at < %s)""",
            [
                since - _LONGEST_WINDOW, merged, merged,
                list(subscriber_ids), since, [each.value for each in NOT_SENT], before is None, before,
            ],
        )  # fmt: skip
        found: list[tuple[int, list[int]]] = cursor.fetchall()
        return found


def _earlier(before: dt.datetime | None) -> QuerySet[Issue]:
    return Issue.objects.all() if before is None else Issue.objects.filter(published_at__lt=before)


def _present(paper_ids: Iterable[int], merged: Mapping[int, int]) -> set[int]:
    return {merged.get(each, each) for each in paper_ids}


def _merged_into(papers: Collection[int]) -> Mapping[int, int]:
    """Every paper that was merged into one of these, over however many steps, and the one it became."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE former(id, now_id) AS (
                   SELECT id, merged_into_id FROM digest_paper WHERE merged_into_id = ANY(%s)
                   UNION
                   SELECT paper.id, former.now_id FROM digest_paper paper JOIN former ON paper.merged_into_id = former.id
               ) SELECT id, now_id FROM former""",
            [list(papers)],
        )
        return dict(cursor.fetchall())
