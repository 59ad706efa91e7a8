"""What the next publish would do: the first that are due, each with the issue it would get. Nothing is written."""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from digest import issues
from digest.admin.desk.page import behind, drawn, note
from subscriptions.models import Subscription

SHOWN = 10
TITLES = 3


@behind("subscriptions.preview_subscriber")
@require_http_methods(["GET", "POST"])
def coming(request: HttpRequest) -> HttpResponseBase:
    """When the next run is; POST tries it for the first few: as of now when some are due, otherwise as of its hour."""
    now = timezone.now()
    if request.method != "POST":
        first = Subscription.objects.live().order_by("next_issue_at").values_list("next_issue_at", flat=True).first()
        return drawn(request, "next", "The next publish", _when(first, now))
    foreseen = issues.foresee(now, SHOWN)
    note(request, "next publish", "first issues", at=(foreseen.at or now).isoformat())
    context = {
        **_when(foreseen.at, now),
        "tried": True,
        "drafts": [
            {
                "path": reverse("admin:desk-preview", args=[each.assignment.subscription.pk]),
                "subscription": each.assignment.subscription.pk,
                "due": each.assignment.due_at,
                "number": each.number,
                "papers": len(each.papers),
                "skip": each.skip,
                "titles": [paper.title for paper in each.papers[:TITLES]],
            }
            for each in foreseen.issues
        ],
        "refused": sorted(foreseen.refused.items()),
    }
    return drawn(request, "next", "The next publish", context)


def _when(first: dt.datetime | None, now: dt.datetime) -> dict[str, Any]:
    at = max(now, first) if first else now
    return {"at": at, "ahead": at > now, "most": SHOWN}
