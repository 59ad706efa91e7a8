"""The search page, and what somebody may be about to type."""

import datetime as dt
from urllib.parse import urlencode

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import search
from digest.models import PaperTopic
from subscriptions.models import Topic

_LONGEST = 300
_TOPICS = 8


@require_safe
def found(request: HttpRequest) -> HttpResponse:
    """What was looked for, with its filters; without a question, where to begin. Any question is answered with 200."""
    typed = request.GET.get("q", "")
    filters, notes = _filters(request)
    results = search.find(typed, filters, timezone.now(), request.GET.get("page", ""))
    asked = {
        "q": typed.replace("\0", "")[:_LONGEST],
        "topic": filters.topic,
        "since": filters.since.isoformat() if filters.since else "",
        "until": filters.until.isoformat() if filters.until else "",
        "author": filters.author,
        "as_typed": "1" if filters.as_typed else "",
    }

    def address(**changes: str) -> str:
        """This search with something changed, from its first page unless a page is named."""
        query = urlencode({name: value for name, value in (asked | changes).items() if value})
        return f"{reverse('search')}?{query}" if query else reverse("search")

    topics = list(Topic.objects.order_by("name").values_list("slug", "name"))
    context = {
        "asked": asked,
        "results": results,
        "notes": (*notes, *results.notes),
        "address": address,
        "topics": topics,
        "topic": dict(topics).get(filters.topic, ""),
        "begun": bool(results.query or not filters.none),
        "largest": _largest() if not results.hits else (),
    }
    return render(request, "web/search.html.jinja", context)


@require_safe
def suggested(request: HttpRequest) -> JsonResponse:
    """What may be meant by the beginning of a question: {"suggestions": [{kind, text, url}]}."""
    suggestions = [
        {"kind": each.kind, "text": each.text, "url": _leads(each)} for each in search.suggest(request.GET.get("q", ""))
    ]
    response = JsonResponse({"suggestions": suggestions})
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _leads(suggestion: search.Suggestion) -> str:
    match suggestion.kind:
        case "paper":
            return reverse("paper", args=[suggestion.paper])
        case "topic":
            return f"{reverse('search')}?{urlencode({'topic': suggestion.slug})}"
        case _:
            return f"{reverse('search')}?{urlencode({'q': suggestion.text})}"


def _filters(request: HttpRequest) -> tuple[search.Filters, tuple[str, ...]]:
    """The filters in the address, and what of them could not be used."""
    notes = []
    days: dict[str, dt.date | None] = {"since": None, "until": None}
    for name, word in (("since", "from"), ("until", "until")):
        typed = request.GET.get(name, "").strip()
        try:
            days[name] = dt.date.fromisoformat(typed) if typed else None
        except ValueError:
            notes.append(f"“{typed[:40]}” is no day, so it was not used. Write the day {word} which to look as 2026-03-13.")
    if days["since"] and days["until"] and days["since"] > days["until"]:
        days["since"], days["until"] = days["until"], days["since"]
        notes.append("The days were the wrong way round, so they were exchanged.")
    topic = request.GET.get("topic", "")
    if topic and not Topic.objects.filter(slug=topic.replace("\0", "")).exists():
        notes.append("There is no such topic, so all are shown.")
        topic = ""
    author = " ".join(request.GET.get("author", "").replace("\0", " ").split())[:100]
    as_typed = request.GET.get("as_typed") == "1"
    return search.Filters(topic=topic, author=author, as_typed=as_typed, **days), tuple(notes)


def _largest() -> list[tuple[str, str]]:
    """The topics of most papers: where somebody may begin who found nothing, or has not asked yet."""
    largest = PaperTopic.objects.values_list("topic__slug", "topic__name").annotate(size=Count("id")).order_by("-size")
    return [(slug, name) for slug, name, _ in largest[:_TOPICS]]
