"""Sources, and the record of every poll."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html_join

from digest.models import Paper, Poll, Source, SourceDay
from subscriptions.admin.base import OurAdmin, ReadOnlyAdmin, ReadOnlyInline, change_link, links, list_path
from subscriptions.admin.filters import days


def outcome(poll: Poll) -> str:
    """One poll in a few words."""
    if poll.error:
        return poll.error
    refused = f", {len(poll.entries_refused)} refused" if poll.entries_refused else ""
    return f"{poll.entries_new} new, {poll.entries_known} known{refused}"


class PollInline(ReadOnlyInline[Poll, Source]):
    model = Poll
    ordering = ("-started_at",)
    fields = ("when", "status", "brought")
    readonly_fields = ("when", "brought")

    @admin.display(description="started at")
    def when(self, poll: Poll) -> str:
        return change_link(poll, f"{poll.started_at:%Y-%m-%d %H:%M}")

    @admin.display(description="brought")
    def brought(self, poll: Poll) -> str:
        return outcome(poll)


@admin.register(Source)
class SourceAdmin(OurAdmin[Source]):
    list_display = ("name", "format", "active", "last_poll", "next_poll_at", "failures", "stopped_because")
    list_filter = ("format", "active", ("stopped_because", admin.EmptyFieldListFilter))
    search_fields = ("name", "slug", "url")
    ordering = ("name",)
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = (
        (None, {"fields": ("name", "slug", "format", "url", "homepage", "active")}),
        ("Polling", {"fields": ("interval", "next_poll_at", "failures", "last_success_at", "stopped_because")}),
        ("What the feed says", {"fields": ("feed_title", "skip_days", "skip_hours", "etag", "last_modified")}),
        ("See also", {"fields": ("elsewhere",)}),
    )
    readonly_fields = (
        "failures",
        "last_success_at",
        "stopped_because",
        "feed_title",
        "skip_days",
        "skip_hours",
        "etag",
        "last_modified",
        "elsewhere",
    )
    inlines = (PollInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        newest = Poll.objects.filter(source=OuterRef("pk")).order_by("-started_at")
        return (
            super()
            .get_queryset(request)
            .annotate(polled_at=Subquery(newest.values("started_at")[:1]), poll_error=Subquery(newest.values("error")[:1]))
        )

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        """A source that papers came from stays, for their history; it can be made inactive."""
        if obj is None or not super().has_delete_permission(request, obj):
            return False
        return not obj.appearances.exists() and not obj.polls.exists()

    @admin.display(description="last poll")
    def last_poll(self, source: Any) -> str:
        if source.polled_at is None:
            return "never"
        return f"{source.polled_at:%Y-%m-%d %H:%M}" + (f": {source.poll_error}" if source.poll_error else "")

    @admin.display(description="lists")
    def elsewhere(self, source: Source) -> str:
        if source._state.adding:
            return "nothing yet"
        return links(
            [
                (list_path(Paper, appearances__source__id__exact=source.pk), "Papers of this source"),
                (list_path(Poll, source__id__exact=source.pk), "All polls"),
                (list_path(SourceDay, source__id__exact=source.pk), "Days"),
            ]
        )


@admin.register(Poll)
class PollAdmin(ReadOnlyAdmin[Poll]):
    list_display = (
        "started_at",
        "source",
        "status",
        "entries_new",
        "entries_known",
        "refused_count",
        "size",
        "duration",
        "error",
    )
    list_display_links = ("started_at",)
    list_filter = ("source", days("started_at", "day", "started"), ("error", admin.EmptyFieldListFilter))
    list_select_related = ("source",)
    search_fields = ("error",)
    sortable_by = ()
    fields = ("source", "started_at", "duration", "status", "size", "entries_new", "entries_known", "refused", "noted", "error")
    readonly_fields = ("refused", "noted")

    @admin.display(description="refused")
    def refused_count(self, poll: Poll) -> int:
        return len(poll.entries_refused)

    @admin.display(description="refused")
    def refused(self, poll: Poll) -> str:
        return format_html_join(
            "", "<p>{}: {}</p>", ((entry.get("title", ""), entry.get("why", "")) for entry in poll.entries_refused)
        )

    @admin.display(description="notes")
    def noted(self, poll: Poll) -> str:
        return format_html_join("", "<p>{}</p>", ((note,) for note in poll.notes))


class CameFilter(admin.SimpleListFilter):
    """Days that came and days that are missing."""

    title = "came"
    parameter_name = "came"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("missing", "Missing"), ("late", "Came late"), ("in-time", "Came in time")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SourceDay]) -> QuerySet[SourceDay]:
        match self.value():
            case "missing":
                return queryset.filter(missing_since__isnull=False, filled_at=None)
            case "late":
                return queryset.filter(missing_since__isnull=False, filled_at__isnull=False)
            case "in-time":
                return queryset.filter(missing_since=None)
        return queryset


@admin.register(SourceDay)
class SourceDayAdmin(ReadOnlyAdmin[SourceDay]):
    list_display = ("day", "source", "entries", "missing_since", "filled_at", "filled_by")
    list_filter = (CameFilter, "source")
    list_select_related = ("source",)
    sortable_by = ()
    fields = ("source", "day", "entries", "missing_since", "filled_at", "filled_by")
