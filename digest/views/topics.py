"""Subjects: all of them with what is new, and a page for each."""

import datetime as dt

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import periods, trending
from digest.cached import open_to_all
from digest.models import PaperTopic
from digest.trending import Stretch
from digest.views import listing
from subscriptions import forms
from subscriptions.models import Topic


@require_safe
@open_to_all
def topics(request: HttpRequest) -> HttpResponse:
    """Every topic under its field, with how many papers the last week brought."""
    now = timezone.now()
    week = trending.last_days(7, now).papers().order_by().values("pk")
    counted = PaperTopic.objects.filter(paper__in=week).values_list("topic_id").annotate(papers=Count("pk")).order_by()
    context = {"fields": forms.by_field(list(Topic.objects.all())), "counts": dict(counted), "now": now}
    return render(request, "web/topics.html.jinja", context)


@require_safe
@open_to_all
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """A topic: what it means here, its papers of the last week (or its latest ones), and how to get them."""
    found = get_object_or_404(Topic, slug=slug)
    now = timezone.now()
    asked = listing.asked(request, found)
    stretch, latest = trending.last_days(7, now), trending.latest(now, found)
    quiet = latest is not None and latest < stretch.start
    if latest is not None and quiet:
        week = periods.of("week", latest.astimezone(dt.UTC).date())
        stretch = Stretch(week.start, week.end, week.end)
    context = {
        "topic": found,
        "asked": asked,
        "listing": asked.listing(stretch),
        "orders": trending.ORDERS,
        "quiet": quiet,
        "latest": latest,
        "siblings": Topic.objects.filter(field=found.field).exclude(pk=found.pk),
        "now": now,
        "box": listing.box(now),
    }
    return render(request, "web/topic.html.jinja", context)
