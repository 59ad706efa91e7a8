"""The pages of what went wrong. They ask no database, for it may be what failed."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request itself could not be read."""
    return render(request, "web/failure.html.jinja", {"status": 400}, status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """403: also for a form of the admin whose CSRF token is missing or stale."""
    return render(request, "web/failure.html.jinja", {"status": 403}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if request.path_info.startswith("/api/"):
        return JsonResponse({"error": "There is nothing at this address; see /api/v1/openapi.json.", "where": None}, status=404)
    return render(request, "web/failure.html.jinja", {"status": 404}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    if request.path_info.startswith("/api/"):
        return JsonResponse({"error": "Something broke on our side. Please try again in a minute.", "where": None}, status=500)
    return render(request, "web/failure.html.jinja", {"status": 500}, status=500)
