"""What every page with a list of papers needs: which order, topic and page were asked for, and the addresses of the others."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from digest import trending
from digest.trending import ORDERS, Listing, Order, Stretch
from subscriptions import consent, tokens
from subscriptions.models import Topic

SIZE = 30
"""Papers on a page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as it was asked for: `path` without the query."""

    path: str
    order: Order = "trending"
    topic: Topic | None = None
    page: int = 1

    def listing(self, stretch: Stretch) -> Listing:
        """Its papers; Http404 beyond the last page."""
        found = trending.listing(stretch, self.order, self.topic, self.page, SIZE)
        if self.page > found.pages:
            raise Http404(f"there are {found.pages} pages")
        return found

    @property
    def address(self) -> str:
        """Its one address: what is as by default is left out."""
        query: dict[str, str | int] = {}
        if self.order != "trending":
            query["order"] = self.order
        if self.topic:
            query["topic"] = self.topic.slug
        if self.page > 1:
            query["page"] = self.page
        return f"{self.path}?{urlencode(query)}" if query else self.path

    def ordered(self, order: Order) -> str:
        """The address of the same list in another order."""
        return replace(self, order=order, page=1).address

    def about(self, topic: Topic | None) -> str:
        """The address of the same list for one topic, or for all."""
        return replace(self, topic=topic, page=1).address

    def at_page(self, page: int) -> str:
        """The address of another page."""
        return replace(self, page=page).address

    def elsewhere(self, path: str) -> str:
        """The same order and topic at another path."""
        return replace(self, path=path, page=1).address


def asked(request: HttpRequest, topic: Topic | None = None) -> Asked:
    """What the query asks for; Http404 for a topic or page there is not. An order nobody knows is the usual one."""
    order, slug, page = (request.GET.get(name, "") for name in ("order", "topic", "page"))
    if not slug.isprintable():
        raise Http404("no such topic")
    if slug and topic is None:
        topic = get_object_or_404(Topic, slug=slug)
    if page and not (page.isascii() and page.isdecimal() and int(page[:6]) > 0 and len(page) < 6):
        raise Http404("no such page")
    known = cast(Order, order) if order in ORDERS else "trending"
    return Asked(request.path, known, topic, int(page or 1))


def box(now: dt.datetime) -> Mapping[str, str]:
    """What a small sign-up form carries: the signed time at which it was made, and the words that are agreed to."""
    return {"opened": tokens.sign(tokens.Scope.FORM, int(now.timestamp())), "wording": consent.WORDING}
