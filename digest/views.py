"""The site: the papers that trend, a page for each, and what needs both sides: the export of everything held."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import issues
from digest.held import held
from digest.models import Paper
from digest.trending import trending
from subscriptions import consent, pages, preferences, tasks, you
from subscriptions.forms import SignUpForm
from subscriptions.models import Subscriber

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


@require_safe
def paper(request: HttpRequest, paper_id: int) -> HttpResponse:
    """A paper's own page; one that turned out to be another paper leads there."""
    found = get_object_or_404(Paper.objects.prefetch_related("topics", "appearances__source"), pk=paper_id)
    if found.merged_into_id is not None:
        return redirect("paper", found.merged_into_id, permanent=True)
    return render(request, "web/paper.html.jinja", {"paper": found})


def _example(shown: Sequence[Paper]) -> dict[str, object] | None:
    """A paper with a topic, to show what an entry of a digest looks like."""
    found = ((paper, topic.name) for paper in shown if paper.abstract for topic in paper.topics.all())
    return next(({"paper": paper, "topic": topic} for paper, topic in found), None)


@pages.private
def sample(request: HttpRequest, token: str) -> HttpResponse:
    """Offered once a subscription is confirmed: POST sends one sample of the digest at once."""
    subscription = preferences.of_message(token)
    if subscription is None:
        return pages.gone(request)
    context: dict[str, object] = {"token": token, "next": pages.next_issue(subscription), "done": "", "why": ""}
    if request.method == "POST":
        published = issues.publish_sample(subscription.pk, timezone.now())
        tasks.hint_notices()
        context["why"] = published.refused.get(subscription.pk, "")
        context["done"] = "sent" if published.issues else "refused" if context["why"] else "nothing"
    return render(request, "web/sample.html.jinja", context)


@you.signed_in
def export(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Everything held about the session's subscriber, as one JSON file."""
    if request.method != "POST":
        return redirect("you")
    response = JsonResponse(held(subscriber, timezone.now()), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response.headers["Content-Disposition"] = 'attachment; filename="paper-round.json"'
    return response
