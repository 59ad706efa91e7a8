"""What every answer tells the browser: load nothing from elsewhere, run nothing written into a page."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_SITE = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# Unfold compiles Alpine's expressions in the page, sets styles on elements, and draws its icons from data: addresses. A message
# is shown in a frame, with a policy of its own by which nothing in it runs.
_ADMIN = {
    **_SITE,
    "style-src": "'self' 'unsafe-inline'",
    "script-src": "'self' 'unsafe-eval'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "frame-src": "'self'",
}


def _policy(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in directives.items())


_SITE_POLICY, _ADMIN_POLICY = _policy(_SITE), _policy(_ADMIN)
_NEVER = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"


def content_security(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: Content-Security-Policy and Permissions-Policy, where the view has not set its own."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        policy = _ADMIN_POLICY if request.path_info.startswith("/admin/") else _SITE_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", _NEVER)
        return response

    return middleware
