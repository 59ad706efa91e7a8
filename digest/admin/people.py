"""Subscribers and subscriptions once more, now with their issues and deliveries, which only this side knows."""

from collections.abc import Iterable

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join

from digest.admin.desk import people_pages
from digest.models import Delivery, Feedback, Issue
from subscriptions.admin.base import ReadOnlyInline, change_link, links, list_path
from subscriptions.admin.people import ConsentInline, InterestInline, SubscriberAdmin, SubscriptionAdmin, SubscriptionInline
from subscriptions.models import Subscriber, Subscription


def _fate(issue: Issue) -> str:
    delivery: Delivery | None = getattr(issue, "delivery", None)
    return delivery.get_state_display() if delivery else "none"


def _lines(rows: Iterable[tuple[str, Model, str, str]]) -> str:
    """A line for each: its day, a link to what it is about, and what became of it."""
    told = ((day, change_link(about, words), became) for day, about, words, became in rows)
    return format_html_join("", "<p>{} {}: {}</p>", told) or "none"


class DeliveryInline(ReadOnlyInline[Delivery, Subscriber]):
    model = Delivery
    fields = ("when", "message", "state", "reason", "reply_code", "reply")
    readonly_fields = ("when", "message")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).select_related("issue", "notice")

    @admin.display(description="created at")
    def when(self, delivery: Delivery) -> str:
        return change_link(delivery, f"{delivery.created_at:%Y-%m-%d %H:%M}")

    @admin.display(description="message")
    def message(self, delivery: Delivery) -> str:
        if delivery.issue:
            return change_link(delivery.issue, f"issue {delivery.issue.number or 'without a number'}")
        return delivery.notice.get_kind_display() if delivery.notice else ""


class IssueInline(ReadOnlyInline[Issue, Subscription]):
    model = Issue
    fields = ("name", "kind", "due_at", "published_at", "papers", "fate")
    readonly_fields = ("name", "papers", "fate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        return super().get_queryset(request).select_related("delivery")

    @admin.display(description="issue")
    def name(self, issue: Issue) -> str:
        return change_link(issue, f"no. {issue.number}" if issue.number else "without a number")

    @admin.display(description="papers")
    def papers(self, issue: Issue) -> int:
        return len(issue.paper_ids)

    @admin.display(description="delivery")
    def fate(self, issue: Issue) -> str:
        return _fate(issue)


RECENT = 12
"""So many of a reader's last issues and votes stand on the reader's own page; lists have the others."""


class ReaderAdmin(SubscriberAdmin):
    fieldsets = (*SubscriberAdmin.fieldsets, ("Issues and votes", {"fields": ("issues", "votes")}))
    readonly_fields = (*SubscriberAdmin.readonly_fields, "issues", "votes")
    inlines = (SubscriptionInline, ConsentInline, DeliveryInline)
    actions = ("erase_chosen", "suppress_chosen", "ask_chosen")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Subscriber | None:
        """Unfold asks for a read-only field several times a page; what these two need is looked up once."""
        subscriber = super().get_object(request, object_id, from_field)
        if subscriber:
            issues = Issue.objects.filter(subscription__subscriber=subscriber).select_related("delivery").order_by("-id")
            votes = Feedback.objects.filter(subscription__subscriber=subscriber).select_related("paper").order_by("-id")
            subscriber.__dict__.update(issues=list(issues[:RECENT]), votes=list(votes[:RECENT]))
        return subscriber

    @admin.display(description="last issues")
    def issues(self, subscriber: Subscriber) -> str:
        return _lines(
            (f"{issue.published_at:%Y-%m-%d}", issue, f"issue {issue.number or 'without a number'}", _fate(issue))
            for issue in subscriber.__dict__["issues"]
        )

    @admin.display(description="last votes")
    def votes(self, subscriber: Subscriber) -> str:
        return _lines(
            (f"{vote.created_at:%Y-%m-%d}", vote.paper, vote.paper.title, vote.get_vote_display())
            for vote in subscriber.__dict__["votes"]
        )

    @admin.action(description="Erase everything about the chosen", permissions=["erase"])
    def erase_chosen(self, request: HttpRequest, chosen: QuerySet[Subscriber]) -> HttpResponse:
        return people_pages.ask(request, "erase", list(chosen.values_list("pk", flat=True)))

    @admin.action(description="Never mail the chosen again", permissions=["erase"])
    def suppress_chosen(self, request: HttpRequest, chosen: QuerySet[Subscriber]) -> HttpResponse:
        return people_pages.ask(request, "suppress", list(chosen.values_list("pk", flat=True)))

    @admin.action(description="Ask for confirmation again", permissions=["erase"])
    def ask_chosen(self, request: HttpRequest, chosen: QuerySet[Subscriber]) -> HttpResponse:
        return people_pages.ask(request, "ask-again", list(chosen.values_list("pk", flat=True)))

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("subscriptions.erase_subscriber"))

    def places(self, subscriber: Subscriber) -> list[tuple[str, str]]:
        key = subscriber.pk
        return [
            (list_path(Issue, subscription__subscriber__id__exact=key), "Issues"),
            (list_path(Delivery, subscriber__id__exact=key), "Deliveries"),
            (reverse("admin:desk-story", args=[key]), "What was sent, attempt by attempt"),
            *super().places(subscriber),
            (list_path(Feedback, subscription__subscriber__id__exact=key), "Votes"),
        ]


class DigestAdmin(SubscriptionAdmin):
    fieldsets = (*SubscriptionAdmin.fieldsets, ("See also", {"fields": ("elsewhere",)}))
    readonly_fields = (*SubscriptionAdmin.readonly_fields, "elsewhere")
    inlines = (InterestInline, IssueInline)

    @admin.display(description="lists")
    def elsewhere(self, subscription: Subscription) -> str:
        key = subscription.pk
        return links(
            [
                (reverse("admin:desk-preview", args=[key]), "Preview"),
                (list_path(Issue, subscription__id__exact=key), "Issues"),
                (list_path(Delivery, issue__subscription__id__exact=key), "Deliveries"),
                (list_path(Feedback, subscription__id__exact=key), "Votes"),
            ]
        )


admin.site.unregister([Subscriber, Subscription])
admin.site.register(Subscriber, ReaderAdmin)
admin.site.register(Subscription, DigestAdmin)
