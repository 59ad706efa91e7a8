"""People in bulk: import with a dry run, export, and what is done to many at once."""

import base64
import datetime as dt
import gzip
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from digest.admin.desk.page import behind, drawn, note, person
from subscriptions import bulk, exporting, importing, pages, tasks
from subscriptions.models import Subscriber

REST = dt.timedelta(days=7)
_BULK = {"erase": bulk.ERASE, "suppress": bulk.SUPPRESS, "ask-again": bulk.ASK_AGAIN}


@behind("subscriptions.import_subscriber")
@require_http_methods(["GET", "POST"])
def imported(request: HttpRequest) -> HttpResponseBase:
    """Three steps on one page: a file; its columns and what would happen; the import as a job. Only the last writes."""
    if request.method != "POST":
        return drawn(request, "import", "Import and export", {"step": "file"})
    try:
        return _step(request)
    except importing.ImportRefused as error:
        step = "file" if not request.POST.get("packed") else "columns"
        context: dict[str, Any] = {"step": step, "refused": str(error)}
        if step == "columns":
            context |= _columns(request)
            if request.POST.get("act") == "import":
                context |= _difference(request)
        return drawn(request, "import", "Import and export", context, status=400)


def _step(request: HttpRequest) -> HttpResponse:
    if handed := request.FILES.get("file"):
        text = importing.decode(handed.read(importing.LARGEST + 1))
        context = {"packed": _pack(text), "columns": _choices(importing.columns(text)), "start": _start(request)}
        return drawn(request, "import", "Import and export", {"step": "columns", **context})
    text = _unpack(request.POST.get("packed", ""))
    mapping = _mapping(request, text)
    if request.POST.get("act") == "import":
        start = dt.datetime.combine(_date(request.POST.get("start", "")), dt.time(), tzinfo=dt.UTC)
        how = request.POST.get("how", "")
        job = importing.begin(text, mapping, how, start, person(request), timezone.now(), pages.network(request))
        tasks.hint_jobs()
        return redirect("admin:desk-job", job.pk)
    context = {"step": "columns", **_columns(request), **_difference(request)}
    return drawn(request, "import", "Import and export", context)


def _difference(request: HttpRequest) -> dict[str, Any]:
    text = _unpack(request.POST.get("packed", ""))
    found = importing.compare(text, _mapping(request, text))
    return {"difference": found, "unknown": sorted(found.unknown_topics)[:30]}


def _columns(request: HttpRequest) -> dict[str, Any]:
    packed = request.POST.get("packed", "")
    return {
        "packed": packed,
        "columns": _choices(_mapping(request, _unpack(packed))),
        "start": _start(request),
        "how": request.POST.get("how", ""),
    }


def _choices(mapping: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "at": at, "fields": [(key, label, key == field) for key, label in importing.FIELDS.items()]}
        for at, (name, field) in enumerate(mapping.items())
    ]


def _mapping(request: HttpRequest, text: str) -> dict[str, str]:
    names = list(importing.columns(text))
    return {name: request.POST.get(f"column-{at}", "") for at, name in enumerate(names)}


def _start(request: HttpRequest) -> str:
    return request.POST.get("start") or (timezone.now() + REST).date().isoformat()


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise importing.ImportRefused(f"{text!r} is no date. Write it as 2026-03-16.") from error


def _pack(text: str) -> str:
    """The file travels with the form from step to step, so that nothing of it is stored before the import is wanted."""
    return base64.b64encode(gzip.compress(text.encode())).decode()


def _unpack(packed: str) -> str:
    try:
        return importing.decode(gzip.decompress(base64.b64decode(packed, validate=True)))
    except (ValueError, OSError, EOFError) as error:
        raise importing.ImportRefused("The file was lost on the way. Choose it once more.") from error


@behind("subscriptions.export_subscriber")
@require_POST
def exported(request: HttpRequest) -> HttpResponseBase:
    """All subscribers as CSV, streamed. A POST, because the audit log gets a line."""
    note(request, "export", "subscribers")
    response = StreamingHttpResponse(exporting.lines(Subscriber.objects.all()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="subscribers-{timezone.now():%Y-%m-%d}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def ask(request: HttpRequest, name: str, chosen: list[int]) -> HttpResponse:
    """The page that says what an act means for the chosen, and asks why."""
    kind = _BULK[name]
    return drawn(request, "many", kind.capitalize(), {"kind": kind, "name": name, "ids": chosen, "missing": False})


@behind("subscriptions.erase_subscriber")
@require_http_methods(["POST"])
def many(request: HttpRequest) -> HttpResponseBase:
    """What is done to the chosen: first what it means, then, with a reason, a job."""
    kind = _BULK.get(request.POST.get("kind", ""))
    chosen = [int(each) for each in request.POST.getlist("id") if each.isdecimal()]
    if kind is None or not chosen:
        messages.error(request, "Nothing was chosen. Mark people in the list first.")
        return redirect("admin:subscriptions_subscriber_changelist")
    why = request.POST.get("why", "").strip()
    if not why:
        context = {"kind": kind, "name": request.POST["kind"], "ids": chosen, "missing": True}
        return drawn(request, "many", kind.capitalize(), context, status=400)
    try:
        job = bulk.begin(kind, chosen, why, person(request), timezone.now(), pages.network(request))
    except bulk.TooMany as error:
        messages.error(request, str(error))
        return redirect("admin:subscriptions_subscriber_changelist")
    tasks.hint_jobs()
    return redirect("admin:desk-job", job.pk)
