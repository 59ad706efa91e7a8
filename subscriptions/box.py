"""The sign-up box on the first page and on topics' pages: an address, at most a topic and the browser's time zone.

It is what nearly everyone fills in, so it is read without the form of twenty fields. What is not as it should be is left to
that form, which says how to mend it.
"""

import datetime as dt
import time

from django.conf import settings
from django.http import QueryDict

from subscriptions import forms
from subscriptions.consent import SignUp
from subscriptions.models import Topic

_NAMES = frozenset({"address", "website", "topics", "time_zone", "opened"})
_ZONES = frozenset(forms.ZONES)
_TRUSTED_SECONDS = 60.0
_seen: dict[str, float] = {}


def signup(typed: QueryDict, network: str, now: dt.datetime) -> SignUp | None:
    """What the box asks for, its address not yet checked; None for all that the form has to look at."""
    if not _NAMES.issuperset(typed) or typed.get("website") or len(typed.getlist("topics")) > 1:
        return None
    age = forms.open_for(typed.get("opened", ""), now)
    if age is None or age < forms.QUICKEST:
        return None
    slug, zone = typed.get("topics", ""), typed.get("time_zone", "") or settings.DEFAULT_TIME_ZONE
    if zone not in _ZONES or (slug and not _stands(slug)):
        return None
    return SignUp(
        typed.get("address", ""), time_zone=zone, topics=(slug,) if slug else (), size=forms.DEFAULT_SIZE, network=network
    )


def _stands(slug: str) -> bool:
    """Whether a topic has this slug, or had it within the last minute: what is gone by the answer is left out there."""
    if time.monotonic() - _seen.get(slug, float("-inf")) < _TRUSTED_SECONDS:
        return True
    if not slug.isprintable() or not Topic.objects.filter(slug=slug).exists():
        return False
    _seen[slug] = time.monotonic()
    return True
