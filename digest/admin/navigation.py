"""The admin's sidebar: each list shows to those who may view it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from digest.models import (
    Bounce,
    Delivery,
    Feedback,
    Issue,
    Paper,
    Pick,
    Poll,
    RankingConfiguration,
    Source,
    SourceDay,
    Submission,
)
from subscriptions.admin.base import list_path
from subscriptions.models import Consent, Notice, Request, Subscriber, Subscription, Suppression, Topic

GROUPS: dict[str, list[tuple[type[Model], str]]] = {
    "Readers": [
        (Subscriber, "group"),
        (Subscription, "event_repeat"),
        (Topic, "sell"),
        (Consent, "fact_check"),
        (Request, "door_front"),
        (Suppression, "block"),
    ],
    "Papers": [
        (Paper, "article"),
        (Source, "rss_feed"),
        (Poll, "history"),
        (SourceDay, "event_busy"),
        (Pick, "push_pin"),
        (Submission, "inbox"),
    ],
    "Sending": [
        (Issue, "newspaper"),
        (Delivery, "outbox"),
        (Notice, "mail"),
        (Bounce, "undo"),
        (Feedback, "thumbs_up_down"),
        (RankingConfiguration, "tune"),
    ],
    "Access": [(User, "person"), (Group, "badge")],
}


def may_view(user: Any, model: type[Model]) -> bool:
    """Whether a user may see a model's list."""
    meta = model._meta
    return any(user.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}") for verb in ("view", "change"))


def _viewer(model: type[Model]) -> Callable[[HttpRequest], bool]:
    return lambda request: may_view(request.user, model)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links as Unfold's SIDEBAR.navigation takes them; groups with nothing to show are left out."""
    home = {"title": "Dashboard", "icon": "space_dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"items": [home]}]
    for title, models in GROUPS.items():
        items = [
            {
                "title": str(model._meta.verbose_name_plural).capitalize(),
                "icon": icon,
                "link": list_path(model),
                "permission": _viewer(model),
            }
            for model, icon in models
        ]
        if any(may_view(request.user, model) for model, _ in models):
            groups.append({"title": title, "separator": True, "items": items})
    return groups
