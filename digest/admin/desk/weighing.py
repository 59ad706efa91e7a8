"""What-if: other weights, what they would have done to the last issues of a sample, and putting them in force."""

import dataclasses
from collections.abc import Mapping

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from digest import ranking
from digest.admin.desk.page import behind, drawn, note
from digest.issues import configurations, whatif
from digest.models import Paper, RankingConfiguration
from subscriptions import audit
from subscriptions.models import Topic

SAMPLE = 50
SHOWN = 10
GROUPS: Mapping[str, tuple[str, ...]] = {
    "What a reader asked for": ("topic", "category", "keyword", "author", "text", "vote", "less"),
    "What holds for everyone": ("trending", "freshness", "freshness_half_life_days", "trending_half_life_days"),
    "Attention, in upvotes": ("upvotes_trust", "stars_trust", "appearance_trust", "pick_trust"),
    "The slate": ("repeat_decay", "diversity", "serendipity", "near_misses", "reasons"),
}


@behind("digest.view_rankingconfiguration")
@require_http_methods(["GET", "POST"])
def what_if(request: HttpRequest) -> HttpResponseBase:
    """The weights in force, to be changed and tried; POST compares and writes nothing."""
    in_force = configurations.current().weights
    tried, refused = in_force, ""
    compared = None
    size = request.POST.get("size", "")
    if request.method == "POST":
        try:
            tried = _given(request, in_force)
            compared = whatif.compare(tried, timezone.now(), SAMPLE, _size(size))
            note(request, "what-if", "ranking", changed=_difference(in_force, tried))
        except (ranking.BadConfiguration, ValueError) as error:
            refused = str(error)
    context = {
        "groups": _groups(request, in_force, tried),
        "refused": refused,
        "compared": compared,
        "size": size,
        "shown": _named(compared) if compared else [],
        "topics": _topics(compared) if compared else [],
        "difference": _difference(in_force, tried),
        "versions": RankingConfiguration.objects.order_by("-version")[:20],
    }
    return drawn(request, "what_if", "What if", context, status=400 if refused else 200)


@behind("digest.adopt_rankingconfiguration")
@require_POST
def adopt(request: HttpRequest) -> HttpResponse:
    """Put weights in force: those that were tried, or those of an earlier version."""
    why = request.POST.get("note", "").strip()
    if not why:
        messages.error(request, "Nothing was changed. Say in a few words why these weights are adopted.")
        return redirect("admin:desk-what-if")
    try:
        if version := request.POST.get("version", ""):
            row = get_object_or_404(RankingConfiguration, version=int(version) if version.isdecimal() else 0)
            weights = configurations.read(row)
        else:
            weights = _given(request, configurations.current().weights)
        with transaction.atomic():
            adopted = configurations.adopt(weights, why, timezone.now())
            note(request, "adopt weights", audit.name(adopted), version=adopted.version, why=why)
    except (ranking.BadConfiguration, ValueError) as error:
        messages.error(request, f"Nothing was changed. {error}")
        return redirect("admin:desk-what-if")
    messages.success(request, f"Version {adopted.version} is in force from the next issue on.")
    return redirect("admin:desk-what-if")


def _given(request: HttpRequest, in_force: ranking.Configuration) -> ranking.Configuration:
    changes: dict[str, float | int] = {}
    for field in dataclasses.fields(ranking.Configuration):
        text = request.POST.get(field.name, "").strip()
        if not text or field.name in {"version", "defaults"}:
            continue
        try:
            changes[field.name] = int(text) if field.type is int else float(text)
        except ValueError as error:
            raise ValueError(f"{_label(field.name)} is {text!r}, which is no number.") from error
    return dataclasses.replace(in_force, **changes)  # type: ignore[arg-type]  # each has its field's own type


def _size(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 50:
        raise ValueError(f"An issue has 1 to 50 papers, not {text!r}.")
    return int(text)


def _label(name: str) -> str:
    return name.replace("_", " ")


def _groups(request: HttpRequest, in_force: ranking.Configuration, tried: ranking.Configuration) -> list[object]:
    def field(name: str) -> dict[str, object]:
        typed = request.POST.get(name, "").strip() if request.method == "POST" else ""
        now = getattr(in_force, name)
        return {"name": name, "label": _label(name), "now": now, "value": typed or getattr(tried, name)}

    return [(title, [field(name) for name in names]) for title, names in GROUPS.items()]


def _difference(before: ranking.Configuration, after: ranking.Configuration) -> dict[str, list[float]]:
    pairs = {field.name: [getattr(before, field.name), getattr(after, field.name)] for field in dataclasses.fields(before)}
    return {_label(name): pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _named(compared: whatif.Compared) -> list[dict[str, object]]:
    """The most changed issues, with titles and without names: readers are pseudonyms here."""
    most = [each for each in compared.issues if each.before != each.after][:SHOWN]
    wanted = {paper for each in most for paper in (*each.gained, *each.lost)}
    titles = dict(Paper.objects.filter(pk__in=wanted).values_list("pk", "title"))
    return [
        {
            "reader": f"reader {place}",
            "issue": each.issue,
            "overlap": each.overlap,
            "gained": [titles.get(paper, f"paper {paper}") for paper in each.gained],
            "lost": [titles.get(paper, f"paper {paper}") for paper in each.lost],
            "moved": not each.gained and not each.lost,
        }
        for place, each in enumerate(most, start=1)
    ]


def _topics(compared: whatif.Compared) -> list[tuple[str, int, int]]:
    names = dict(Topic.objects.filter(slug__in=list(compared.topics)).values_list("slug", "name"))
    return [(names.get(slug, slug), *counts) for slug, counts in list(compared.topics.items())[:15]]
