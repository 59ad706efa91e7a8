"""Log lines as JSON (or for the eye), each with the ids of the request, task, issue and delivery it belongs to.

    {"event": "published", "level": "info", "timestamp": "2026-03-16T06:00:02Z", "logger": "digest.tasks", "task_id": "…", …}

`LOG_FORMAT=json` is for machines, `line` for people. Requests are told by their route and never by their path, because an
address on the site may hold a token; whatever looks like an address of a mailbox is struck out, wherever it came from.
"""

import logging
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import structlog
from celery.signals import task_postrun, task_prerun
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.types import EventDict, Processor, WrappedLogger

FORMATS = ("json", "line")
STRUCK = "[address]"

# Also catches more than RFC 5321 allows: a struck word too many costs less than an address in a log.
_ADDRESS = re.compile(r"[^\s<>\"'@,;:()\[\]\\/]+@[^\s<>\"'@,;:()\[\]\\/]+")
# What a proxy in front may pass on; anything longer or stranger is replaced, as it ends up in every line.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


# Django's loggers that tell of a request: with its path in the message, and the request itself beside it.
_OF_REQUESTS = (
    "django.request", "django.security.csrf", "django.security.DisallowedHost", "django.security.DisallowedRedirect",
    "django.security.RequestDataTooBig", "django.security.SuspiciousOperation", "django.security.TooManyFieldsSent",
    "django.security.TooManyFilesSent",
)  # fmt: skip


class ByRoute(logging.Filter):
    """Puts a request's route where its path stands in a record, before any handler (Sentry's among them) has seen it."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = record.__dict__.pop("request", None)
        if isinstance(request, HttpRequest):
            route = request.resolver_match.route if request.resolver_match else "no route"
            said = record.getMessage()
            # Django escapes what it writes into the message (django.utils.log.log_response).
            for path in (request.path.encode("unicode_escape").decode("ascii"), request.path):
                said = said.replace(path, route) if path != "/" else said
            record.msg, record.args = said, None
            record.__dict__ |= {"method": request.method, "route": route}
        return True


def strike(value: object) -> object:
    """The value with everything struck out that looks like an address; containers are walked, other types stay as they are."""
    match value:
        case str():
            return _ADDRESS.sub(STRUCK, value)
        case Mapping():
            return {key: strike(each) for key, each in value.items()}
        case list() | tuple():
            return [strike(each) for each in value]
        case BaseException():
            return strike(str(value))
    return value


def _without_addresses(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: value if key.startswith("_") else strike(value) for key, value in event.items()}


_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _without_addresses,
)


def configuration(log_format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: every logger's lines, ours and the libraries', pass the same processors.

    ValueError for an unknown format.
    """
    if log_format not in FORMATS:
        raise ValueError(f"LOG_FORMAT is {log_format!r}. It takes {' or '.join(FORMATS)}; for example LOG_FORMAT=json")
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
                "foreign_pre_chain": list(_SHARED),
            }
        },
        "filters": {"by-route": {"()": ByRoute}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["console"], "level": level},
        # It tells of every sign-in that went well; the audit log does that.
        "loggers": {"axes": {"level": "WARNING"}} | {name: {"filters": ["by-route"]} for name in _OF_REQUESTS},
    }


def bound(**ids: object) -> AbstractContextManager[None]:
    """Within the block every line carries these ids: `with logs.bound(issue=7): …`."""
    return structlog.contextvars.bound_contextvars(**ids)


def requests(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: gives each request an id, kept in its lines and in the answer's X-Request-ID."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID")
        request_id = given if given and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        with bound(request_id=request_id):
            response = get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response

    return middleware


@task_prerun.connect
def _bind_task(task_id: str, task: Any, **_: object) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)


@task_postrun.connect
def _unbind_task(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id", "task")
