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
from subscriptions.models import AuditEntry, Consent, Notice, Request, Subscriber, Subscription, Suppression, Topic

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
    "Access": [(User, "person"), (Group, "badge"), (AuditEntry, "receipt_long")],
}


def may_view(user: Any, model: type[Model]) -> bool:
    """Whether a user may see a model's list."""
    meta = model._meta
    return any(user.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}") for verb in ("view", "change"))


def _viewer(model: type[Model]) -> Callable[[HttpRequest], bool]:
    return lambda request: may_view(request.user, model)


DESK: list[tuple[str, str, str, str]] = [
    ("Charts", "monitoring", "admin:desk-charts", "digest.view_delivery"),
    ("Who did not get it", "unsubscribe", "admin:desk-missed", "digest.view_delivery"),
    ("The next publish", "schedule_send", "admin:desk-next", "subscriptions.preview_subscriber"),
    ("Sources", "rss_feed", "admin:desk-sources", "digest.change_source"),
    ("Sending", "pause_circle", "admin:desk-sending", "digest.pause_sending"),
    ("Preflight", "flight_takeoff", "admin:desk-preflight", "digest.pause_sending"),
    ("What if", "balance", "admin:desk-what-if", "digest.view_rankingconfiguration"),
    ("Import and export", "group_add", "admin:desk-import", "subscriptions.import_subscriber"),
    ("Jobs", "checklist", "admin:desk-jobs", "subscriptions.view_job"),
]


def _holder(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _desk(request: HttpRequest) -> list[dict[str, Any]]:
    items = [
        {"title": title, "icon": icon, "link": reverse(name), "permission": _holder(permission)}
        for title, icon, name, permission in DESK
    ]
    allowed = any(request.user.has_perm(permission) for *_, permission in DESK)
    return [{"title": "Desk", "separator": True, "items": items}] if allowed else []


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links as Unfold's SIDEBAR.navigation takes them; groups with nothing to show are left out."""
    home = {"title": "Today", "icon": "space_dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"items": [home]}, *_desk(request)]
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
