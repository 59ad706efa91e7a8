"""Subscribers and their subscriptions.

Addresses, consent and schedules change by the subscriber's own links; an operator reads them, and may mend a name, a format, a
size or the hour at which the next issue is due.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from subscriptions.admin.base import AddressSearch, ReadOnlyInline, change_link, links, list_path
from subscriptions.admin.filters import DueFilter, StateFilter, TopicFilter, days
from subscriptions.models import Consent, Interest, Notice, Subscriber, Subscription


class ConsentInline(ReadOnlyInline[Consent, Subscriber]):
    model = Consent
    verbose_name_plural = "consent history"
    fields = ("at", "event", "method", "network", "wording_version", "wording")


class SubscriptionInline(ReadOnlyInline[Subscription, Subscriber]):
    model = Subscription
    fields = ("digest", "weekday", "hour", "size", "paused_until", "next_issue_at", "ended_at", "ended_because")
    readonly_fields = ("digest",)

    @admin.display(description="digest")
    def digest(self, subscription: Subscription) -> str:
        return change_link(subscription, subscription.name or subscription.get_cadence_display())


class InterestInline(ReadOnlyInline[Interest, Subscription]):
    model = Interest
    per_page = 50
    ordering = ("id",)
    fields = ("kind", "wants", "excluded", "created_at")
    readonly_fields = ("wants",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("topic")

    @admin.display(description="what")
    def wants(self, interest: Interest) -> str:
        return interest.topic.name if interest.topic else interest.value


@admin.register(Subscriber)
class SubscriberAdmin(AddressSearch[Subscriber]):
    address_of = ""
    list_display = ("address", "name", "status", "time_zone", "created_at", "confirmed_at")
    list_filter = (
        StateFilter,
        TopicFilter,
        days("created_at", "signed up", "created"),
        days("confirmed_at", "confirmed", "confirmed"),
    )
    search_fields = ("address", "name")
    search_help_text = "A whole address is found at once; parts of addresses and names, of three letters or more, too."
    sortable_by = ()
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("address", "name", "status", "time_zone", "created_at", "confirmed_at", "revoked", "elsewhere")}),
    )
    readonly_fields: ClassVar[Any] = ("address", "status", "time_zone", "created_at", "confirmed_at", "revoked", "elsewhere")
    inlines: ClassVar[Any] = (SubscriptionInline, ConsentInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Subscribers come by consent, not by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Subscriber | None = None) -> bool:
        """Erasing also says so in the record of consent; a bare DELETE would not."""
        return False

    @admin.display(description="links revoked")
    def revoked(self, subscriber: Subscriber) -> str:
        """Each time, every link that was mailed before stopped working, but those that unsubscribe."""
        times = subscriber.token_generation
        return f"{times} time{'' if times == 1 else 's'}" if times else "never"

    @admin.display(description="see also")
    def elsewhere(self, subscriber: Subscriber) -> str:
        return links(self.places(subscriber))

    def places(self, subscriber: Subscriber) -> list[tuple[str, str]]:
        """Lists about this subscriber: their paths and names."""
        return [(list_path(Notice, subscriber__id__exact=subscriber.pk), "Notices")]


@admin.register(Subscription)
class SubscriptionAdmin(AddressSearch[Subscription]):
    list_display = (
        "reader",
        "name",
        "cadence",
        "weekday",
        "hour",
        "format",
        "size",
        "next_issue_at",
        "paused_until",
        "ended_at",
    )
    list_display_links = ("reader",)
    list_filter = (DueFilter, "cadence", "format", days("ended_at", "ended", "ended"))
    list_select_related = ("subscriber",)
    search_fields = ("name",)
    search_help_text = "A whole address finds its subscriptions; other words search the names of digests."
    sortable_by = ("next_issue_at",)
    links_into = ("subscriber__id__exact", "ended_because__exact")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("who", "name", "format", "size")}),
        ("Schedule", {"fields": ("cadence", "weekday", "hour", "next_issue_at", "paused_until")}),
        ("History", {"fields": ("created_at", "ended_at", "ended_because")}),
    )
    readonly_fields: ClassVar[Any] = (
        "who",
        "cadence",
        "weekday",
        "hour",
        "paused_until",
        "created_at",
        "ended_at",
        "ended_because",
    )
    inlines: ClassVar[Any] = (InterestInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Subscription | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Subscription | None = None) -> bool:
        """What has ended is history."""
        return (obj is None or obj.ended_at is None) and super().has_change_permission(request, obj)

    @admin.display(description="subscriber")
    def reader(self, subscription: Subscription) -> str:
        return subscription.subscriber.address

    @admin.display(description="subscriber")
    def who(self, subscription: Subscription) -> str:
        return change_link(subscription.subscriber, subscription.subscriber)
