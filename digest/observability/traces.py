"""Traces (OpenTelemetry), for whoever starts the processes through `opentelemetry-instrument`: without addresses and tokens.

The instrumentation of Django names a request by its route, and adds its path and its query, which hold tokens and addresses,
and the visitor's own address. Statements of SQL carry no values.
"""

from collections.abc import Callable

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_TELLS_TOO_MUCH = (
    "http.url", "http.target", "url.path", "url.full", "url.query", "net.peer.ip", "client.address", "network.peer.address",
)  # fmt: skip


def discreet(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: takes from a request's span, before it ends, what names a person. Not used where nothing is traced."""
    try:
        from opentelemetry import trace
    except ImportError as error:
        raise MiddlewareNotUsed from error

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            return get_response(request)
        finally:
            if (span := trace.get_current_span()).is_recording():
                for name in _TELLS_TOO_MUCH:
                    span.set_attribute(name, "-")

    return middleware
