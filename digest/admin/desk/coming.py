"""What the next publish would do: the first that are due, each with the issue it would get. Nothing is written."""

import datetime as dt

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from digest import issues
from digest.admin.desk.page import behind, drawn, note
from digest.models import Paper
from subscriptions.models import Subscription

SHOWN = 10
TITLES = 3


@behind("subscriptions.preview_subscriber")
@require_http_methods(["GET", "POST"])
def coming(request: HttpRequest) -> HttpResponseBase:
    """When the next run is; POST tries it for the first few: as of now when some are due, otherwise as of its hour."""
    now = timezone.now()
    first = Subscription.objects.live().order_by("next_issue_at").values_list("next_issue_at", flat=True).first()
    at = max(now, first) if first else now
    when = {"at": at, "ahead": at - now > dt.timedelta(), "most": SHOWN}
    if request.method != "POST":
        return drawn(request, "next", "The next publish", when)
    prepared = issues.preview(at, None, SHOWN)
    note(request, "next publish", "first issues", at=at.isoformat())
    wanted = {paper for draft in prepared.drafts for paper in draft.paper_ids[:TITLES]}
    titles = dict(Paper.objects.filter(pk__in=wanted).values_list("pk", "title"))
    context = {
        **when,
        "tried": True,
        "drafts": [
            {
                "path": reverse("admin:desk-preview", args=[draft.assignment.subscription.pk]),
                "subscription": draft.assignment.subscription.pk,
                "due": draft.assignment.due_at,
                "number": draft.number,
                "papers": len(draft.paper_ids),
                "skip": draft.skip,
                "titles": [titles[paper] for paper in draft.paper_ids[:TITLES] if paper in titles],
            }
            for draft in prepared.drafts
        ],
        "refused": sorted(prepared.refused.items()),
    }
    return drawn(request, "next", "The next publish", context)
