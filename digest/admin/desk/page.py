"""What the pages of the desk share: who may open them, what they are drawn with, and the line in the audit log."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from subscriptions import audit, pages

_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponseBase]


def behind(permission: str) -> "Callable[[_View[_P]], _View[_P]]":
    """For staff with this permission; others who are signed in get 403, and strangers the page to sign in."""

    def wrap(view: "_View[_P]") -> "_View[_P]":
        @wraps(view)
        def allowed(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        wrapped: _View[_P] = admin.site.admin_view(allowed)
        return wrapped

    return wrap


def drawn(request: HttpRequest, template: str, title: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """A page of the desk in the admin's frame."""
    whole = {**admin.site.each_context(request), "title": title, **context}
    return render(request, f"admin/desk/{template}.html", whole, status=status)


def person(request: HttpRequest) -> User:
    """Who asks; pages behind a permission have no others."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def note(request: HttpRequest, action: str, target: str, **detail: Any) -> None:
    """A line in the audit log for what this request did."""
    audit.record(request.user, action, target, timezone.now(), pages.network(request), **detail)
