"""What the pages of this side share: their headers, the one page of every dead link, and how an hour is written."""

import datetime as dt
import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from subscriptions.models import Subscription

_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponse]


def private(view: "_View[_P]") -> "_View[_P]":
    """A page that concerns one person: GET and HEAD show, POST acts; kept by no cache, found by no search engine.

    Django's CSRF cookie stays out: the token in the address, or the session's proof in the form, is the authority.
    """

    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, no_store=True)
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return wrapped


def gone(request: HttpRequest) -> HttpResponse:
    """The one page of every link that is wrong, too old, someone else's or erased."""
    return render(request, "web/gone.html.jinja", status=404)


def ours(request: HttpRequest) -> bool:
    """Whether an anonymous POST comes from a page of this site.

    Sec-Fetch-Site decides where the browser sends it. Without it, a foreign Origin is refused; "null" is not, because our own
    `Referrer-Policy: no-referrer` makes browsers send it (Fetch standard, "append a request Origin header").
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    return origin in {"null", _origin(settings.SITE_URL), f"{request.scheme}://{request.get_host()}"}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def network(request: HttpRequest) -> str:
    """The network a request came from: /24 for IPv4, /48 for IPv6, or nothing when it came over a socket.

    With PROXIES=n, the n-th entry from the right of X-Forwarded-For counts; what stands left of it, anyone can invent.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.PROXIES:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        address = hops[-settings.PROXIES] if len(hops) >= settings.PROXIES else address
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 48}", strict=False))


def hour(at: dt.datetime, zone: str) -> str:
    """`Monday 16 March, 07:00 in Europe/Paris`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B, %H:%M} in {zone.replace('_', ' ')}"


def secure_site() -> bool:
    """Whether the site is served over TLS, as SITE_URL says."""
    return str(settings.SITE_URL).startswith("https:")


def instant(at: dt.datetime, zone: str) -> str:
    """`16 March 2026, 07:00`."""
    place = ZoneInfo(zone)
    return f"{day(at, place)}, {at.astimezone(place):%H:%M}"


def day(at: dt.datetime, zone: ZoneInfo) -> str:
    """`16 March 2026`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y}"


def next_issue(subscription: Subscription) -> str:
    """When the next issue comes, in words; empty for a digest that waits or has ended."""
    return hour(subscription.next_issue_at, subscription.subscriber.time_zone) if subscription.next_issue_at else ""


def counted(rows: dict[str, int]) -> list[tuple[str, int]]:
    """How many rows of each kind, by the kind's name in words: `("subscriptions", 2)`."""
    return sorted((str(apps.get_model(label)._meta.verbose_name_plural), count) for label, count in rows.items())
