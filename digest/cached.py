"""Public pages: the same for everyone, compressed, validated by their ETag, and kept in this process's memory for some seconds.

A view says by `open_to_all` that its answer names nobody. What is kept is answered before any other part of the site is asked,
and once its seconds are over it still stands in for a page that fails. Readers with a session get their pages made anew.
"""

import functools
import gzip
import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import brotli
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import ResolverMatch
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from subscriptions import sessions

_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponse]

# Anyone may keep the answer, and asks whether it still holds before showing it again (RFC 9111, 5.2.2.4).
_OPEN = "public, no-cache"
_MOST_OCTETS = 32 << 20
_LONGEST_KEY = 300
# How long a page that is no longer fresh may stand in for one that fails.
_STANDS_IN_SECONDS = 3600.0
_REPEATED = ("ETag", "Cache-Control", "Vary", "Content-Security-Policy", "Permissions-Policy", "Last-Modified", "Link")


def open_to_all(view: "_View[_P]") -> "_View[_P]":
    """A view whose good answer is the same for everyone and may be kept."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code == 200:
            response.headers["Cache-Control"] = _OPEN
        return response

    return wrapped


class Kept:
    """An answer as it was made, and as it goes out under each coding."""

    def __init__(self, response: HttpResponse, route: ResolverMatch | None = None) -> None:
        self.status = response.status_code
        self._route = route
        self.made_at = time.monotonic()
        patch_vary_headers(response, ["Accept-Encoding", "Cookie"])
        body = bytes(response.content)
        # Weak: the same page under another coding is the same page, though not the same octets (RFC 9110, 8.8.3).
        self.etag = f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        response.headers["ETag"] = self.etag
        headers = dict(response.headers.items())
        self._type = headers["Content-Type"]
        self._repeated = {name: headers[name] for name in _REPEATED if name in headers}
        self._forms = {"": (body, _stored(headers, len(body)))}
        if len(body) > 500:
            for coding, packed in (("br", brotli.compress(body, quality=5)), ("gzip", gzip.compress(body, 6, mtime=0))):
                self._forms[coding] = (packed, _stored(headers | {"Content-Encoding": coding}, len(packed)))

    @property
    def size(self) -> int:
        """Octets of all forms."""
        return sum(len(body) for body, _ in self._forms.values())

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The page, or 304 to whoever has it."""
        # Lines and figures name a request by its route, which is not looked for when the page is at hand.
        request.resolver_match = request.resolver_match or self._route
        if (known := request.META.get("HTTP_IF_NONE_MATCH")) and (
            known == "*" or self.etag.removeprefix("W/") in {each.removeprefix("W/") for each in parse_etags(known)}
        ):
            return HttpResponseNotModified(headers=self._repeated)
        accepted = _codings(request.META.get("HTTP_ACCEPT_ENCODING", ""))
        form = self._forms.get("br" if "br" in accepted else "gzip" if "gzip" in accepted else "", self._forms[""])
        body, headers = form
        response = HttpResponse(b"" if request.method == "HEAD" else body, self._type, self.status)
        # They were checked when the page was made; setting each by its name again takes half as long as all the rest.
        response.headers._store.update(headers)
        return response


def _stored(headers: dict[str, str], octets: int) -> dict[str, tuple[str, str]]:
    """Headers as Django's ResponseHeaders has them inside: by name in lower case, the name and the value."""
    return {name.lower(): (name, value) for name, value in (headers | {"Content-Length": str(octets)}).items()}


@functools.lru_cache(maxsize=256)
def _codings(header: str) -> frozenset[str]:
    """The codings that an Accept-Encoding header takes, without those it refuses by `q=0` (RFC 9110, 12.5.3)."""
    parts = header.lower().split(",")
    return frozenset(part.partition(";")[0].strip() for part in parts if not re.search(r";\s*q=0(?:\.0*)?\s*$", part))


class Shelf:
    """Answers by address, those not asked for the longest given up first; safe between threads."""

    def __init__(self, most_octets: int) -> None:
        self._most, self._octets = most_octets, 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, oldest: float) -> Kept | None:
        """What was made at `oldest` (by `time.monotonic`) or later."""
        with self._lock:
            found = self._kept.get(key)
            if found is None or found.made_at < oldest:
                return None
            self._kept.move_to_end(key)
            return found

    def put(self, key: str, made: Kept) -> None:
        """Keep an answer in place of the one before."""
        with self._lock:
            if before := self._kept.pop(key, None):
                self._octets -= before.size
            self._kept[key] = made
            self._octets += made.size
            while self._octets > self._most:
                self._octets -= self._kept.popitem(last=False)[1].size

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._octets = 0


shelf = Shelf(_MOST_OCTETS)


def public_pages(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: answers from memory where it can, and compresses what goes out."""
    rest = GZipMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        key = _key(request)
        seconds = settings.PUBLIC_PAGES_SECONDS
        if key and seconds and (found := shelf.get(key, time.monotonic() - seconds)):
            return found.answer(request)
        response = get_response(request)
        if isinstance(response, HttpResponse) and response.headers.get("Cache-Control") == _OPEN and not response.cookies:
            if key is None:
                response.headers["Cache-Control"] = "private, no-cache"
            made = Kept(response, request.resolver_match)
            if key and seconds:
                shelf.put(key, made)
            return made.answer(request)
        if response.status_code >= 500 and key and (old := shelf.get(key, time.monotonic() - _STANDS_IN_SECONDS)):
            return old.answer(request)
        return rest.process_response(request, response)

    return middleware


def _key(request: HttpRequest) -> str | None:
    """Under which address an answer may be kept; None for requests that are not everyone's."""
    if request.method not in {"GET", "HEAD"} or sessions.COOKIE in request.META.get("HTTP_COOKIE", ""):
        return None
    try:
        request.get_host()
    except DisallowedHost:
        return None
    key = f"{request.path_info}?{request.META.get('QUERY_STRING', '')}"
    return key if len(key) <= _LONGEST_KEY else None
