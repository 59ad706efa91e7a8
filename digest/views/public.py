"""What trends now and on past days, and the formula that says what trends."""

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import almanac, periods, trending, weights
from digest.cached import open_to_all
from digest.periods import Period
from digest.ranking import trust
from digest.ranking.trending import DAY, attention, trending_score
from digest.trending import Noticed, Stretch
from digest.views import listing
from digest.views.listing import Asked
from subscriptions.models import Topic

CHIPS = 8
"""Topics offered beside a list; all others are in the menu."""


@require_safe
@open_to_all
def home(request: HttpRequest) -> HttpResponse:
    """The box, and below it what trends: the papers of the last week, or of the latest day there was."""
    now = timezone.now()
    asked = listing.asked(request)
    stretch, latest = trending.last_days(7, now), trending.latest(now)
    quiet = latest is not None and latest < stretch.start
    if latest is not None and quiet:
        day = periods.of("day", latest.astimezone(dt.UTC).date())
        stretch = Stretch(day.start, day.end, day.end)
    context = _context(asked, stretch, (latest or now).astimezone(dt.UTC).date(), now)
    return render(request, "web/home.html.jinja", {**context, "quiet": quiet, "period": None})


@require_safe
@open_to_all
def period(request: HttpRequest, slug: str) -> HttpResponse:
    """The papers announced on a day, in a week or in a month (UTC)."""
    found = periods.parse(slug)
    if found is None:
        raise Http404("not in the calendar")
    now = timezone.now()
    stretch = Stretch(found.start, found.end, min(found.end, now))
    context = _context(listing.asked(request), stretch, found.first, now)
    context |= {
        "period": found,
        "previous": almanac.before(found, now),
        "next": almanac.after(found, now),
        "over": found.end <= now,
        "begun": found.start <= now,
    }
    return render(request, "web/period.html.jinja", context)


@require_safe
@open_to_all
def formula(request: HttpRequest) -> HttpResponse:
    """How the trending order is made, with the numbers in force and an example."""
    in_force = weights.in_force()
    shown = Noticed(id=0, upvotes=12, votes=0.0, stars=400, appearances=2, picked=True, announced_at=0.0)
    context = {
        "weights": in_force,
        "trust": trust.WORDS,
        "example": shown,
        "attention": attention(shown, in_force),
        "scores": [(days, trending_score(shown, in_force, days * DAY)) for days in (0, 1, 7)],
        "now": timezone.now(),
    }
    return render(request, "web/formula.html.jinja", context)


def _context(asked: Asked, stretch: Stretch, day: dt.date, now: dt.datetime) -> dict[str, object]:
    newest = trending.latest(min(now, stretch.end))
    anchor: dt.date = newest.astimezone(dt.UTC).date() if newest else day
    kinds: dict[str, Period] = {kind: periods.of(kind, anchor) for kind in ("day", "week", "month")}
    return {
        "asked": asked,
        "listing": asked.listing(stretch),
        "orders": trending.ORDERS,
        "chips": trending.frequent_topics(stretch, CHIPS),
        "topics": Topic.objects.all(),
        "month": almanac.month(day, now),
        "kinds": kinds,
        "now": now,
        "box": listing.box(now),
    }
