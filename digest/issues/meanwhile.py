"""How long readers were away whose pause an issue now ends."""

import datetime as dt
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from django.db.models import F

from digest.issues.decisions import Assignment
from digest.issues.history import NOT_SENT
from digest.models import Issue
from subscriptions import schedule


def away_since(assignments: Sequence[Assignment]) -> Mapping[int, dt.date]:
    """By subscription, the local day on which a pause began that an issue now ends: the first issue after it holds the best of
    the time away. A pause that no issue fell into tells of nothing. One query, and none without pauses.
    """
    paused = {each.subscription.pk: each for each in assignments if _missed_an_issue(each)}
    if not paused:
        return {}
    since = Issue.objects.filter(subscription__in=paused, published_at__gte=F("subscription__paused_at"))
    back = set(since.exclude(delivery__state__in=NOT_SENT).values_list("subscription_id", flat=True))
    return {id_: _local_day(each) for id_, each in paused.items() if id_ not in back}


def _missed_an_issue(assignment: Assignment) -> bool:
    digest, began = assignment.subscription, assignment.subscription.paused_at
    if began is None or assignment.sample or began >= assignment.due_at:
        return False
    slot = (digest.cadence, digest.weekday, digest.hour, digest.subscriber.time_zone)
    return schedule.next_issue_at(*slot, began) < assignment.due_at


def _local_day(assignment: Assignment) -> dt.date:
    began = assignment.subscription.paused_at or assignment.due_at
    return began.astimezone(ZoneInfo(assignment.subscription.subscriber.time_zone)).date()
