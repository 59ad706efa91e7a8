"""The lock after wrong passwords (django-axes), and the record of who came in."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from subscriptions import audit, pages


def client(request: HttpRequest) -> str:
    """What axes counts by beside the name: the network, which does not change with each attempt."""
    return pages.network(request).partition("/")[0]


def locked(request: HttpRequest, _credentials: Any = None, *_: Any, **__: Any) -> HttpResponse:
    """The page of a locked account: it says neither whether the account exists nor whether the password was right."""
    return render(request, "web/failure.html.jinja", {"status": 429}, status=429)


def _in(sender: object, request: HttpRequest, user: Any, **_: object) -> None:
    audit.record(user, "signed in", "", timezone.now(), pages.network(request))


def _out(sender: object, request: HttpRequest, user: Any, **_: object) -> None:
    if user is not None:
        audit.record(user, "signed out", "", timezone.now(), pages.network(request))


user_logged_in.connect(_in, dispatch_uid="audit")
user_logged_out.connect(_out, dispatch_uid="audit")
