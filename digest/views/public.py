"""The site's first page: the box, and the papers that trend."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.models import Paper
from digest.trending import trending
from subscriptions import consent
from subscriptions.forms import SignUpForm

SHOWN = 30


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The box, and below it the papers of the day (`?days=1`) or of the week."""
    days = 1 if request.GET.get("days") == "1" else 7
    now = timezone.now()
    shown = trending(now, days, SHOWN)
    context = {
        "trending": shown,
        "example": _example(shown.papers),
        "days": days,
        "now": now,
        "form": SignUpForm(now=now),
        "wording": consent.WORDING,
    }
    return render(request, "web/home.html.jinja", context)


def _example(shown: Sequence[Paper]) -> dict[str, object] | None:
    """A paper with a topic, to show what an entry of a digest looks like."""
    found = ((paper, topic.name) for paper in shown if paper.abstract for topic in paper.topics.all())
    return next(({"paper": paper, "topic": topic} for paper, topic in found), None)
