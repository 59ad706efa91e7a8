"""Atom feeds for everyone (RFC 4287): what trends, and the newest papers of a topic."""

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import trending
from digest.cached import open_to_all
from digest.models import Paper
from subscriptions.models import Topic

ENTRIES = 50
# What an empty feed says of its last change, for it has to say something.
_NEVER = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@require_safe
@open_to_all
def trending_papers(request: HttpRequest) -> HttpResponse:
    """What trends: the strongest papers of the last week."""
    now = timezone.now()
    stretch = trending.last_days(7, now)
    ids = trending.ordered(stretch.papers(), "trending", now)
    return _feed(request, "Trending papers", reverse("home"), trending.cards(ids[:ENTRIES]))


@require_safe
@open_to_all
def topic_papers(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest papers of a topic."""
    topic = get_object_or_404(Topic, slug=slug)
    found = trending.standing().filter(paper_topics__topic=topic, announced_at__lte=timezone.now())
    ids = found.order_by("-announced_at", "-id").values_list("pk", flat=True)[:ENTRIES]
    return _feed(request, topic.name, reverse("topic", args=[slug]), trending.cards(list(ids)))


def _feed(request: HttpRequest, title: str, page: str, papers: Sequence[Paper]) -> HttpResponse:
    context = {
        "title": f"{title} · {settings.SITE_NAME}",
        "address": f"{settings.SITE_URL}{request.path}",
        "page": f"{settings.SITE_URL}{page}",
        "papers": papers,
        "updated": max((paper.listed_at for paper in papers), default=_NEVER),
    }
    body = render_to_string("web/papers.atom.xml.jinja", context)
    return HttpResponse(body, content_type="application/atom+xml; charset=utf-8")
