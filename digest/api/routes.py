"""The interface as Django serves it: errors in JSON, HEAD as GET, open to every origin."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import ValidationError

from digest.api.operations import Refused, router
from digest.cached import open_to_all

_View = Callable[..., HttpResponse]

interface = NinjaAPI(
    title=settings.SITE_NAME,
    version="1",
    description=(
        "Research papers, topics and what trends. Read only, open to everyone, no key. Lists go on at the address in `next`. "
        "Answers carry an ETag: send it back as If-None-Match, and an unchanged answer is a 304 without a body."
    ),
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
)
interface.add_router("", router)


def failure(status: int, error: str, where: str | None = None) -> HttpResponse:
    """Every error's answer."""
    return JsonResponse({"error": error, "where": where}, status=status)


@interface.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first: dict[str, Any] = error.errors[0]
    where = str(first["loc"][-1])
    return failure(422, f"{where}: {first['msg']}", where)


@interface.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return failure(404, f"{error.where}: {error}", error.where)


@interface.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return failure(404, str(error))


def document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return JsonResponse(interface.get_openapi_schema())


@require_safe
@open_to_all
def page(request: HttpRequest) -> HttpResponse:
    """The interface for people: its operations and their parameters, from the same document."""
    return render(request, "web/api.html.jinja", {"document": interface.get_openapi_schema()})


def _served(view: _View) -> _View:
    opened = open_to_all(view)

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "HEAD":
            # The operations know GET alone; whoever sends the answer leaves the body out.
            request.method = "GET"
            response = opened(request, *args, **kwargs)
            request.method = "HEAD"
        else:
            response = opened(request, *args, **kwargs)
        if response.status_code == 405:
            response = failure(405, "This interface is read only: GET and HEAD.")
            response.headers["Allow"] = "GET, HEAD"
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    # Nothing here changes anything, and no cookie is looked at.
    wrapped.csrf_exempt = True  # type: ignore[attr-defined]  # how Django's own decorator marks a view
    return wrapped


def _get_only(view: _View) -> _View:
    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if request.method == "GET" else HttpResponse(status=405)

    return wrapped


def _patterns() -> list[URLPattern | URLResolver]:
    found: list[URLPattern | URLResolver] = [path("openapi.json", _served(_get_only(document)), name="openapi")]
    for pattern in interface.urls[0]:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = _served(pattern.callback)
        found.append(pattern)
    return found


urls = (_patterns(), "ninja", "api")
