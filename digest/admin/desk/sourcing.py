"""Sources at a glance: who answers, what came, which days are missing; poll now, fill in, and try before adding."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Count, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from digest import dashboard, polling, tasks
from digest.admin import charts
from digest.admin.desk.page import behind, drawn, note, person
from digest.admin.sources import outcome
from digest.models import Poll, Source, SourceDay
from digest.polling import reading
from subscriptions import audit, pages
from subscriptions.admin.base import list_path
from subscriptions.admin.filters import span
from subscriptions.tasks import hint_jobs

DAYS = 30
STRIP_HEIGHT = 24
POLLS = 5
LONGEST_BACKFILL = 92


@behind("digest.change_source")
@require_safe
def sources(request: HttpRequest) -> HttpResponseBase:
    """Every source with its last month, its last polls, and what can be done about it."""
    now = timezone.now()
    rows = list(
        Source.objects.annotate(missing=Count("days", filter=Q(days__missing_since__isnull=False, days__filled_at=None)))
        .order_by("-active", "name")
    )  # fmt: skip
    brought = {each.source: each.counts for each in dashboard.papers_by_day(now, dashboard.counted(now), DAYS).sources}
    late = {each.source: each for each in dashboard.sources_late(now)}
    month = span(dashboard.last_days(now, DAYS)[0], now.astimezone(dt.UTC).date())
    polls = _last_polls([row.pk for row in rows])
    context = {
        "days": DAYS,
        "width": 10 * DAYS,
        "height": STRIP_HEIGHT,
        "sources": [_shown(row, brought.get(row.pk, ()), late.get(row.pk), polls.get(row.pk, []), month) for row in rows],
        "yesterday": (now - dt.timedelta(days=1)).date(),
    }
    return drawn(request, "sources", "Sources", context)


def _shown(
    source: Any, brought: tuple[int, ...], late: dashboard.LateSource | None, polls: list[Poll], month: str
) -> dict[str, Any]:
    return {
        "row": source,
        "path": reverse("admin:digest_source_change", args=[source.pk]),
        "health": _health(source, late),
        "ill": late is not None or bool(source.failures),
        "bars": charts.strip(brought, STRIP_HEIGHT, max(brought, default=0)),
        "total": sum(brought),
        "polls": [(poll, outcome(poll)) for poll in polls],
        "polls_path": list_path(Poll, source__id__exact=source.pk, started=month),
        "days_path": list_path(SourceDay, came="missing", source__id__exact=source.pk),
        "archived": source.format in {Source.Format.ARXIV, Source.Format.ARXIV_OAI, Source.Format.HUGGINGFACE},
    }


def _health(source: Source, late: dashboard.LateSource | None) -> str:
    if source.stopped_because:
        return f"stopped: {source.stopped_because}"
    if not source.active:
        return "inactive"
    if not source.url:
        return "files are handed in"
    if late is not None:
        return f"late: {late.error or 'silent'}"
    return f"{source.failures} failed in a row" if source.failures else "well"


def _last_polls(sources: list[int]) -> dict[int, list[Poll]]:
    """The last few polls of each source: one index scan a source, in one query."""
    found: dict[int, list[Poll]] = {}
    rows = Poll.objects.raw(
        "SELECT p.* FROM unnest(%s::bigint[]) AS s(id) CROSS JOIN LATERAL"
        " (SELECT * FROM digest_poll WHERE source_id = s.id ORDER BY started_at DESC LIMIT %s) p",
        [sources, POLLS],
    )
    for poll in rows:
        found.setdefault(poll.source_id, []).append(poll)
    return found


@behind("digest.change_source")
@require_POST
def poll_now(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """Ask a worker to poll a source at once."""
    source = get_object_or_404(Source, pk=source_id)
    if not source.active or not source.url:
        messages.error(request, f"{source.name} cannot be polled: {_health(source, None)}.")
        return redirect("admin:desk-sources")
    note(request, "poll", audit.name(source))
    tasks.poll_source.delay(source.pk)
    messages.info(request, f"A worker polls {source.name} now; its line changes in a moment.")
    return redirect("admin:desk-sources")


@behind("digest.change_source")
@require_POST
def backfill(request: HttpRequest, source_id: int) -> HttpResponseBase:
    """Start the job that reads days of a source's past from its archive."""
    source = get_object_or_404(Source, pk=source_id)
    try:
        since, until = (dt.date.fromisoformat(request.POST.get(name, "")) for name in ("since", "until"))
    except ValueError:
        messages.error(request, "Say from which day to which, each as in 2026-03-16.")
        return redirect("admin:desk-sources")
    if not since <= until <= timezone.now().date() or (until - since).days >= LONGEST_BACKFILL:
        messages.error(request, f"Days go from the earlier to the later, not into the future, {LONGEST_BACKFILL} at most.")
        return redirect("admin:desk-sources")
    job = reading.begin(source, since, until, person(request), timezone.now(), pages.network(request))
    note(request, "backfill", audit.name(source), since=since.isoformat(), until=until.isoformat(), job=job.pk)
    hint_jobs()
    return redirect("admin:desk-job", job.pk)


@behind("digest.add_source")
@require_http_methods(["GET", "POST"])
def try_source(request: HttpRequest) -> HttpResponseBase:
    """Ask an address once and show what would be stored; nothing is. From there the form to add it is filled in."""
    url, form = request.POST.get("url", "").strip(), request.POST.get("format", Source.Format.SYNDICATION)
    context: dict[str, Any] = {
        "url": url,
        "formats": [(key, label, key == form) for key, label in Source.Format.choices if key != Source.Format.PAGE],
    }
    if request.method != "POST":
        return drawn(request, "try_source", "Try a source", context)
    if refused := _refused(url, form):
        return drawn(request, "try_source", "Try a source", {**context, "refused": refused}, status=400)
    tried = polling.dry_run(form, url, timezone.now(), polling.Tools.shared())
    note(request, "try source", url[:200], error=tried.error)
    name = (tried.feed_title or url)[:160]
    add = f"{reverse('admin:digest_source_add')}?{urlencode({'url': url, 'format': form, 'name': name})}"
    return drawn(request, "try_source", "Try a source", {**context, "tried": tried, "add": add})


def _refused(url: str, form: str) -> str:
    if form not in Source.Format.values:
        return "There is no such format."
    try:
        URLValidator(schemes=["http", "https"])(url)
    except ValidationError as error:
        return str(error.messages[0])
    return ""
