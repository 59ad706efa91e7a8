"""Issues, with what was chosen and why; and the weights that chose."""

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html_join

from digest.admin import slate
from digest.models import Delivery, Issue, RankingConfiguration
from subscriptions.admin.base import AddressSearch, ReadOnlyAdmin, change_link
from subscriptions.admin.filters import days


@admin.register(Issue)
class IssueAdmin(AddressSearch[Issue], ReadOnlyAdmin[Issue]):
    address_of = "subscription__subscriber"
    list_display = ("name", "reader", "kind", "due_at", "published_at", "papers", "fate")
    list_filter = ("kind", days("published_at", "published", "published"))
    list_select_related = ("subscription__subscriber", "delivery")
    whole = "subscription_id"
    search_fields = ("subscription__id",)
    search_help_text = "A whole address, or a subscription's id."
    sortable_by = ()
    links_into = ("subscription__subscriber__id__exact", "subscription__id__exact")
    fieldsets = (
        (None, {"fields": ("reader", "digest", "kind", "number", "fate")}),
        ("Window", {"fields": ("due_at", "window_start", "window_end", "published_at", "weights")}),
        ("What was chosen, and why", {"fields": ("chosen",)}),
        ("Coverage receipt", {"fields": ("coverage",)}),
    )
    readonly_fields = ("reader", "digest", "fate", "weights", "chosen", "coverage")
    change_form_outer_before_template = "admin/issue_before.html"

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Issue | None:
        """Unfold asks for a read-only field several times a page; the titles it needs are looked up once."""
        issue = super().get_object(request, object_id, from_field)
        if issue:
            issue.__dict__["titles"] = slate.titles(issue)
        return issue

    @admin.display(description="issue")
    def name(self, issue: Issue) -> str:
        return f"no. {issue.number}" if issue.number else "without a number"

    @admin.display(description="subscriber")
    def reader(self, issue: Issue) -> str:
        return change_link(issue.subscription.subscriber, issue.subscription.subscriber)

    @admin.display(description="digest")
    def digest(self, issue: Issue) -> str:
        return change_link(issue.subscription, issue.subscription.name or issue.subscription.get_cadence_display())

    @admin.display(description="papers")
    def papers(self, issue: Issue) -> int:
        return len(issue.paper_ids)

    @admin.display(description="delivery")
    def fate(self, issue: Issue) -> str:
        delivery: Delivery | None = getattr(issue, "delivery", None)
        if delivery is None:
            return "none"
        return change_link(delivery, delivery.get_state_display() + (f": {delivery.reason}" if delivery.reason else ""))

    @admin.display(description="ranking")
    def weights(self, issue: Issue) -> str:
        return change_link(issue.configuration, issue.configuration)

    @admin.display(description="papers")
    def chosen(self, issue: Issue) -> str:
        return render_to_string("admin/slate.html", {"lines": slate.lines(issue.slate, issue.__dict__["titles"])})

    @admin.display(description="counts")
    def coverage(self, issue: Issue) -> str:
        return render_to_string("admin/receipt.html", {"receipt": slate.receipt(issue.receipt, issue.__dict__["titles"])})


@admin.register(RankingConfiguration)
class RankingConfigurationAdmin(ReadOnlyAdmin[RankingConfiguration]):
    list_display = ("version", "note", "created_at")
    search_fields = ("note",)
    ordering = ("-version",)
    fields = ("version", "note", "created_at", "weighed", "used_by")
    readonly_fields = ("weighed", "used_by")

    @admin.display(description="weights")
    def weighed(self, configuration: RankingConfiguration) -> str:
        return format_html_join("", "<p>{}: {}</p>", sorted(configuration.weights.items()))

    @admin.display(description="issues")
    def used_by(self, configuration: RankingConfiguration) -> str:
        used = Issue.objects.filter(configuration=configuration).exists()
        return "Chose issues that were published." if used else "Chose no issue yet."
