"""The second factor: a time-based code (RFC 6238) from the person's own device, asked once a session before the admin opens.

password -> /admin/second-factor/ -> (first time: a picture for the app, and ten codes for a lost device) -> the admin
"""

import base64
import datetime as dt
import io
from collections.abc import Callable

import django_otp
import qrcode
import qrcode.image.svg
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from subscriptions import audit, pages

BACKUP_CODES = 10
_OPEN = ("admin:login", "admin:logout", "second-factor")


def required(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: whoever is signed in and not yet verified sees nothing of /admin/ but the page that asks for the code."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.SECOND_FACTOR and request.path_info.startswith("/admin/") and _unverified(request):
            allowed = {reverse(name) for name in _OPEN}
            if request.path_info not in allowed:
                return redirect(f"{reverse('second-factor')}?{_next(request)}")
        return get_response(request)

    return middleware


def _unverified(request: HttpRequest) -> bool:
    return request.user.is_authenticated and not getattr(request.user, "is_verified", bool)()


def _next(request: HttpRequest) -> str:
    from urllib.parse import urlencode

    return urlencode({"next": request.path_info if request.method == "GET" else reverse("admin:index")})


@never_cache
@login_required(login_url="admin:login")
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for the code. GET shows the form (and prepares a device the first time); POST tries the code."""
    user = request.user
    assert isinstance(user, AbstractBaseUser)  # noqa: S101 - for the type checker: the decorator saw to it
    onward = _onward(request)
    if not _unverified(request):
        return redirect(onward)
    ready = TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).exists()
    wrong = False
    if request.method == "POST":
        code = request.POST.get("code", "").replace(" ", "").strip()
        found = _entered(user, code) if ready else _set_up(user, code)
        if found is not None:
            django_otp.login(request, found)
            _log(request, "signed in with a second factor" if ready else "set up a second factor")
            return redirect(onward) if ready else _codes(request, user, onward)
        wrong = True
        _log(request, "entered a wrong code")
    context = {**admin.site.each_context(request), "ready": ready, "wrong": wrong, "next": onward, "title": "Second factor"}
    if not ready:
        context |= _picture(_pending(user))
    return render(request, "admin/second_factor.html", context, status=400 if wrong else 200)


def _entered(user: AbstractBaseUser, code: str) -> django_otp.models.Device | None:
    """The device whose code this is. Each remembers failures and answers nothing while it is throttled."""
    found: django_otp.models.Device | None = django_otp.match_token(user, code)
    return found


def _pending(user: AbstractBaseUser) -> TOTPDevice:
    device, _ = TOTPDevice.objects.get_or_create(user_id=user.pk, confirmed=False, defaults={"name": "authenticator"})
    return device


def _set_up(user: AbstractBaseUser, code: str) -> TOTPDevice | None:
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user_id=user.pk, confirmed=False).first()
        if device is None or not device.verify_token(code):
            return None
        device.confirmed = True
        device.save(update_fields=["confirmed"])
    return device


def _codes(request: HttpRequest, user: AbstractBaseUser, onward: str) -> HttpResponse:
    """Ten codes that work once each, shown this once."""
    with transaction.atomic():
        device, _ = StaticDevice.objects.get_or_create(user_id=user.pk, name="backup codes", defaults={"confirmed": True})
        device.token_set.all().delete()
        codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return render(
        request,
        "admin/backup_codes.html",
        {**admin.site.each_context(request), "codes": codes, "next": onward, "title": "Codes for a lost device"},
    )


def _picture(device: TOTPDevice) -> dict[str, str]:
    image = qrcode.make(device.config_url, image_factory=qrcode.image.svg.SvgPathImage, box_size=8)
    octets = io.BytesIO()
    image.save(octets)
    return {
        "picture": f"data:image/svg+xml;base64,{base64.b64encode(octets.getvalue()).decode()}",
        "secret": base64.b32encode(device.bin_key).decode().rstrip("="),
    }


def _onward(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/admin/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("admin:index")


def _log(request: HttpRequest, action: str, now: dt.datetime | None = None) -> None:
    audit.record(request.user, action, "", now or timezone.now(), pages.network(request))
