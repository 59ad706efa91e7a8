"""`/healthz`, `/readyz` and `/metrics`, for probes that know neither our name nor a cookie.

They are answered before anything else looks at the request, because a probe's Host is an address of the machine's own. None of
them tells a stranger more than a word for each part.
"""

import datetime as dt
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from digest.observability import metrics
from subscriptions.models import Subscription

LATE = dt.timedelta(minutes=15)
"""The beat publishes every minute; what is due this long has met no worker."""
_PATIENCE_MS = 2000


@dataclass(frozen=True, slots=True)
class Readiness:
    """For each part "ok" or what is wrong with it, in words that name no address and no secret."""

    database: str
    broker: str
    schedule: str

    @property
    def ready(self) -> bool:
        """Whether visitors can be served. Without the broker they can: what they ask for is a row, and the sweep finds it."""
        return self.database == "ok"

    @property
    def well(self) -> bool:
        return {self.database, self.broker, self.schedule} == {"ok"}


def readiness(now: dt.datetime) -> Readiness:
    """How the parts stand at `now`; each is asked for two seconds at most."""
    database, schedule = _database(now)
    return Readiness(database, _broker(), schedule)


def _database(now: dt.datetime) -> tuple[str, str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(_PATIENCE_MS)])
            try:
                waiting = Subscription.objects.due(now - LATE).values_list("next_issue_at", flat=True).first()
            finally:
                cursor.execute("RESET statement_timeout")
    except DatabaseError as error:
        return f"no answer ({type(error).__name__})", "unknown"
    if waiting is None:
        return "ok", "ok"
    minutes = int((now - waiting).total_seconds() // 60)
    return "ok", f"an issue has been due for {minutes} minutes"


def _broker() -> str:
    patience = _PATIENCE_MS / 1000
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=patience, socket_timeout=patience) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return f"no answer ({type(error).__name__})"
    return "ok"


def probes(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, the outermost: answers the three paths and hands everything else on."""
    answers: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": _alive, "/readyz": _ready, "/metrics": _metrics}

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer = answers.get(request.path_info)
        if answer is None:
            return get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = answer(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    return middleware


def _alive(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked, so that a database that is away has no process killed."""
    return HttpResponse("alive\n", content_type="text/plain")


def _ready(request: HttpRequest) -> HttpResponse:
    """200 when every part is well, 503 when the database is away; what is late or away besides is said and stays 200."""
    found = readiness(timezone.now())
    parts = {"database": found.database, "broker": found.broker, "schedule": found.schedule}
    return JsonResponse({"ready": found.ready, "well": found.well, **parts}, status=200 if found.ready else 503)


def _metrics(request: HttpRequest) -> HttpResponse:
    """The metrics, for whoever shows METRICS_TOKEN as a bearer token; without such a setting they do not exist."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse("There is nothing here.\n", status=404, content_type="text/plain")
    body, content_type = metrics.exposition(timezone.now())
    return HttpResponse(body, content_type=content_type)
