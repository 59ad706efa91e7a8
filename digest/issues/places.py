"""Addresses of our own pages; every one begins with SITE_URL, whatever a request said."""

import functools

from django.conf import settings
from django.urls import reverse


@functools.cache
def _page_parts() -> tuple[str, str]:
    before, _, after = reverse("paper", args=[0]).rpartition("0")
    return before, after


def page_url(paper_id: int) -> str:
    """A paper's page here."""
    before, after = _page_parts()
    return f"{settings.SITE_URL}{before}{paper_id}{after}"


def absolute(path: str) -> str:
    """A path of the site as an absolute address."""
    return settings.SITE_URL + path
