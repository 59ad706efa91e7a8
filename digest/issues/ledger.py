"""Writing a batch: issues and their deliveries by COPY, in the caller's transaction."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from django.db import connection

from digest import messages
from digest.issues import gist
from digest.issues.choosing import Draft
from digest.issues.revisits import latest_versions
from digest.models import Delivery, Issue

_ISSUE_COLUMNS = """id, subscription_id, kind, number, due_at, window_start, window_end, configuration_id,
    content_model_id, candidates_id, profile, paper_ids, versions, slate, receipt, gist, published_at"""
_DELIVERY_COLUMNS = """issue_id, subscriber_id, domain, priority, state, reason, message_id, attempts, next_attempt_at, fence,
    claimed_by, stage, reply, finished_at"""


def write(drafts: Sequence[Draft], configuration_id: int, now: dt.datetime) -> list[int]:
    """Write the issues and their deliveries; returns the issues' ids, in the order of the drafts."""
    Issue.objects.filter(pk__in=[each.assignment.replaces for each in drafts if each.assignment.replaces]).delete()
    ids = _reserve(len(drafts))
    versions = latest_versions({paper for each in drafts for paper in each.paper_ids})
    _copy("digest_issue", _ISSUE_COLUMNS, _issues(drafts, ids, versions, configuration_id, now))
    _copy("digest_delivery", _DELIVERY_COLUMNS, _deliveries(drafts, ids, now))
    return ids


def reschedule(next_issue_at: Mapping[int, dt.datetime | None]) -> None:
    """Set when subscriptions wake next."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE subscriptions_subscription subscription SET next_issue_at = planned.at
               FROM unnest(%s::bigint[], %s::timestamptz[]) planned(id, at) WHERE subscription.id = planned.id""",
            [list(next_issue_at), list(next_issue_at.values())],
        )


def _reserve(count: int) -> list[int]:
    """Ids for rows that are about to be copied: a delivery names its issue, and its Message-ID derives from it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('digest_issue', 'id')) FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]


def _copy(table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _issues(
    drafts: Sequence[Draft], ids: Sequence[int], versions: Mapping[int, int], configuration_id: int, now: dt.datetime
) -> Iterator[tuple[Any, ...]]:
    for id_, draft in zip(ids, drafts, strict=True):
        made, ranked = draft.assignment, draft.ranked
        profile, slate, receipt = (ranked.profile, ranked.slate.as_json(), ranked.receipt) if ranked else ({}, [], {})
        yield (
            id_, made.subscription.pk, _kind(draft), draft.number, made.due_at, made.window_start, made.window_end,
            configuration_id, ranked and ranked.content_model_id, ranked and ranked.candidates_id, _json(profile),
            f"{{{','.join(map(str, draft.paper_ids))}}}",
            _json({str(each): versions[each] for each in draft.paper_ids if each in versions}),
            _json(slate), _json(receipt), gist.write(slate, receipt), now,
        )  # fmt: skip


def _kind(draft: Draft) -> str:
    return (Issue.Kind.SAMPLE if draft.assignment.sample else Issue.Kind.REGULAR).value


def _deliveries(drafts: Sequence[Draft], ids: Sequence[int], now: dt.datetime) -> Iterator[tuple[Any, ...]]:
    for id_, draft in zip(ids, drafts, strict=True):
        subscriber = draft.assignment.subscription.subscriber
        state, finished = (Delivery.State.SKIPPED, now) if draft.skip else (Delivery.State.QUEUED, None)
        yield (
            id_, subscriber.pk, subscriber.domain, Delivery.Priority.ISSUE.value, state.value, draft.skip[:200],
            messages.message_id("issue", id_), 0, now, 0, "", "", "", finished,
        )  # fmt: skip
