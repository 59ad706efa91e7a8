"""The site: the papers that trend, a page for each, and what needs both sides: the export of everything held."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.held import held
from digest.models import Paper
from digest.trending import trending
from subscriptions import consent, you
from subscriptions.forms import SignUpForm
from subscriptions.models import Subscriber

SHOWN = 30


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The box, and below it the papers of the day (`?days=1`) or of the week."""
    days = 1 if request.GET.get("days") == "1" else 7
    now = timezone.now()
    context = {
        "trending": trending(now, days, SHOWN),
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


@you.signed_in
def export(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Everything held about the session's subscriber, as one JSON file."""
    if request.method != "POST":
        return redirect("you")
    response = JsonResponse(held(subscriber, timezone.now()), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response.headers["Content-Disposition"] = 'attachment; filename="paper-round.json"'
    return response
