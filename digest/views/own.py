"""What a token or a session opens and needs both sides: the sample of a digest, the export of everything held."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from digest import issues
from digest.held import held
from subscriptions import pages, preferences, tasks, you
from subscriptions.models import Subscriber


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
