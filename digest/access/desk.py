"""Middleware that the admin alone needs; every other page goes past it, for nobody signs in there.

Readers' sessions are tokens (`subscriptions.sessions`), not Django's.
"""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_otp.middleware import OTPMiddleware

# The local inbox, which `make run` alone has, says what its buttons did.
PREFIXES = ("/admin/", "/inbox/")


class _AtTheDesk:
    """Mixed in before the class whose work is for the admin's addresses alone."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIXES):
            passed: HttpResponseBase = self.get_response(request)  # type: ignore[attr-defined]  # of the class it is mixed into
            return passed
        response: HttpResponseBase = super().__call__(request)  # type: ignore[misc]  # the same
        return response


class Sessions(_AtTheDesk, SessionMiddleware):
    """Django's sessions."""


class Authentication(_AtTheDesk, AuthenticationMiddleware):
    """Who is signed in."""


class SecondFactor(_AtTheDesk, OTPMiddleware):  # type: ignore[misc]  # its package is not typed
    """Whether they showed a code."""


class Messages(_AtTheDesk, MessageMiddleware):
    """What the next page is to say."""
