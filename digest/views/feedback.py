"""The links of a digest that answer it: a vote on a paper, an interest stopped, and the undoing of both.

GET shows what would change, for mail scanners open every link; POST changes it and shows what it did.
"""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from digest import feedback
from digest.models import Feedback, Paper
from subscriptions import interests, pages, preferences, tokens
from subscriptions.interests import InterestRefused
from subscriptions.models import Interest, Subscription

_AUTHORS_OFFERED = 6


@pages.private
def vote(request: HttpRequest, token: str, paper_id: int, vote: str) -> HttpResponse:
    """One vote on one paper. POST `do`: cast, undo, mute (a topic or an author) or unmute."""
    subscription = preferences.of_message(token)
    paper = feedback.paper_of(paper_id) if vote in Feedback.Vote.values else None
    if subscription is None or paper is None:
        return pages.gone(request)
    now = timezone.now()
    done = request.POST.get("do", "cast") if request.method == "POST" else ""
    context: dict[str, object] = {"displaced": "", "muted": None, "complaint": ""}
    if done == "cast":
        context["displaced"] = ",".join(feedback.cast(subscription.pk, paper.pk, vote, now).displaced)
    elif done == "undo":
        feedback.undo(subscription.pk, paper.pk, vote, request.POST.get("displaced", "").split(","), now)
    elif done in {"mute", "unmute"}:
        context |= _muted(request, subscription) if done == "mute" else _unmuted(request, subscription)
    context |= {
        "token": token,
        "vote": vote,
        "done": done,
        "paper": paper,
        "stands": vote in feedback.standing(subscription.pk, paper.pk),
        "effect": feedback.effect(subscription.pk, paper.pk, vote, now),
        "others": [each for each in Feedback.Vote.values if each != vote],
        "next": pages.next_issue(subscription),
        "preferences": tokens.preferences_path(subscription.pk, subscription.subscriber.token_generation),
        **(_offered(subscription, paper) if vote == Feedback.Vote.MUTE else {"topics": [], "authors": []}),
    }
    return render(request, "web/feedback.html.jinja", context)


def _offered(subscription: Subscription, paper: Paper) -> dict[str, object]:
    """The topics and authors of a paper that could be muted as well."""
    excluded = {interests.label(each) for each in subscription.interests.filter(excluded=True).select_related("topic")}
    return {
        "topics": [topic for topic in paper.topics.all() if topic.name not in excluded],
        "authors": [name for name in paper.authors if name not in excluded][:_AUTHORS_OFFERED],
    }


def _muted(request: HttpRequest, subscription: Subscription) -> dict[str, object]:
    try:
        kind = Interest.Kind(request.POST.get("kind", ""))
    except ValueError:
        return {}
    try:
        with transaction.atomic():
            found = interests.exclude(subscription, kind, request.POST.get("value", ""))
    except InterestRefused as refused:
        return {"complaint": str(refused)}
    if found is None:
        return {"complaint": "There is no such topic any more. Nothing was changed."}
    row, before = found
    return {"muted": {"id": row.pk, "label": interests.label(row), "before": before, "kind": row.get_kind_display()}}


def _unmuted(request: HttpRequest, subscription: Subscription) -> dict[str, object]:
    number = request.POST.get("interest", "")
    if number.isdecimal():
        interests.include(subscription, int(number), request.POST.get("before", ""))
    return {}


@pages.private
def stop_interest(request: HttpRequest, token: str, interest_id: int) -> HttpResponse:
    """The handle of a reason: POST stops matching on an interest, or brings it back."""
    subscription = preferences.of_message(token)
    if subscription is None:
        return pages.gone(request)
    done = request.POST.get("do", "stop") if request.method == "POST" else ""
    stopped: interests.Stopped | None = None
    if done == "stop":
        stopped = interests.stop(subscription, interest_id)
    elif done == "undo":
        interests.restore(
            subscription,
            request.POST.get("kind", ""),
            request.POST.get("value", ""),
            excluded=request.POST.get("excluded") == "yes",
            proof=request.POST.get("proof", ""),
        )
    row = interests.find(subscription, interest_id)
    context = {
        "token": token,
        "interest": interest_id,
        "row": row,
        "label": interests.label(row) if row else stopped.label if stopped else "",
        "kind": row.get_kind_display() if row else Interest.Kind(stopped.kind).label if stopped else "",
        "excluded": row.excluded if row else bool(stopped and stopped.excluded),
        "stopped": stopped,
        "done": done,
        "left": _left(subscription),
        "next": pages.next_issue(subscription),
        "preferences": tokens.preferences_path(subscription.pk, subscription.subscriber.token_generation),
    }
    return render(request, "web/stop_interest.html.jinja", context)


def _left(subscription: Subscription) -> list[str]:
    rows = subscription.interests.filter(excluded=False).select_related("topic").order_by("id")
    return [interests.label(row) for row in rows]
