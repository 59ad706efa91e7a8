"""The delivery ledger, bounces and votes: what happened, to one recipient's SMTP reply."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from digest.admin.papers import titled
from digest.delivery import levers
from digest.doubts import Doubt, doubts
from digest.models import Bounce, Delivery, Feedback
from subscriptions.admin.base import AddressSearch, ReadOnlyAdmin, ReadOnlyInline, change_link
from subscriptions.admin.filters import days
from subscriptions.models import Subscriber

SEARCHED_BACK = dt.timedelta(days=7)
"""Nobody wrote an index of the relay's words for millions of rows: so far back they are read."""
HELD = "held"
"""The filter's word for what is uncertain and waits for the operator, for whatever reason."""
UNFINISHED = {Delivery.State.QUEUED, Delivery.State.CLAIMED, Delivery.State.SENDING}


class FateFilter(admin.ChoicesFieldListFilter):
    """By state. The few that are in trouble or not finished, among the many that are neither, are found by what has an index.

    The state itself is not asked for beside that: the planner would take the two for independent, and expect next to nothing.
    """

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        asked = request.GET.get("state__exact", "")
        if asked in Delivery.TROUBLES:
            return queryset.filter(trouble=asked)
        found = super().queryset(request, queryset)
        if found is None:
            return queryset
        states = set((asked or request.GET.get("state__in", "")).split(","))
        return found.filter(finished_at=None, trouble=None) if states <= UNFINISHED else found


class DoubtFilter(admin.SimpleListFilter):
    """The uncertain ones by what they wait for: to be sent once more by themselves, or for the operator's word."""

    title = "uncertain"
    parameter_name = "uncertain"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(HELD, "held, for whatever reason"), *((str(each.value), str(each.label)) for each in Doubt)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        which = doubts(resend=settings.UNCERTAIN_RESEND)
        uncertain = queryset.filter(trouble=Delivery.State.UNCERTAIN)
        match self.value():
            case None:
                return queryset
            case "held":
                return uncertain.exclude(which[Doubt.RESENT])
            case str(asked) if asked in Doubt.values:
                return uncertain.filter(which[Doubt(asked)])
            case _:
                return queryset.none()


class BounceInline(ReadOnlyInline[Bounce, Delivery]):
    model = Bounce
    fields = ("received_at", "verdict", "status", "why")


@admin.register(Delivery)
class DeliveryAdmin(AddressSearch[Delivery], ReadOnlyAdmin[Delivery]):
    list_display = ("created_at", "subscriber", "message", "stands", "reason", "attempts", "answer", "finished_at")
    list_display_links = ("created_at",)
    list_filter = (
        ("state", FateFilter),
        DoubtFilter,
        "priority",
        "stage",
        days("created_at", "day", "created"),
        days("finished_at", "finished", "finished"),
    )
    list_select_related = ("subscriber", "issue", "notice")
    search_fields = ("=domain", "reason", "reply")
    search_help_text = (
        "A whole address or Message-ID; a domain, or words of reason or reply, of what went wrong in the last seven days."
    )
    sortable_by = ()
    links_into = ("subscriber__id__exact", "domain__exact", "issue__subscription__id__exact", "reason__exact")
    fieldsets = (
        (None, {"fields": ("who", "domain", "message", "message_id")}),
        ("State", {"fields": ("stands", "reason", "attempts", "next_attempt_at", "created_at", "finished_at")}),
        ("The relay", {"fields": ("answer", "stage", "size")}),
        ("Claim", {"fields": ("claimed_by", "lease_expires_at", "fence")}),
    )
    readonly_fields = ("who", "message", "stands", "answer")
    inlines = (BounceInline,)
    change_form_outer_before_template = "admin/delivery_before.html"

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest first, in the order of the index that finds them."""
        asked = request.GET.get("state__exact") or request.GET.get("state__in", "")
        if asked in Delivery.TROUBLES or request.GET.get("uncertain"):
            return ("-created_at", "-id")
        return ("-priority", "-next_attempt_at", "-id") if asked and set(asked.split(",")) <= UNFINISHED else ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """A Message-ID looks like an address, with or without its angle brackets. Words are those of what went wrong lately."""
        words = search_term.strip()
        if words.startswith("<"):
            return queryset.filter(message_id=words), False
        found, doubled = super().get_search_results(request, queryset, search_term)
        if not words or "@" in words:
            return found, doubled
        return found.filter(trouble__in=Delivery.TROUBLES, created_at__gte=timezone.now() - SEARCHED_BACK), doubled

    def of_address(self, address: str) -> Q:
        return super().of_address(address) | Q(message_id=f"<{address}>")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        """With what an uncertain delivery waits for, in the words of `manage.py deliveries`."""
        delivery = kwargs.get("obj")
        context["doubt"] = levers.in_doubt(delivery) if isinstance(delivery, Delivery) else None
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="subscriber")
    def who(self, delivery: Delivery) -> str:
        return change_link(delivery.subscriber, delivery.subscriber)

    @admin.display(description="message")
    def message(self, delivery: Delivery) -> str:
        if delivery.issue:
            return change_link(delivery.issue, f"issue {delivery.issue.number or 'without a number'}")
        return change_link(delivery.notice, delivery.notice.get_kind_display()) if delivery.notice else ""

    @admin.display(description="state")
    def stands(self, delivery: Delivery) -> str:
        return levers.stands(delivery)

    @admin.display(description="last reply")
    def answer(self, delivery: Delivery) -> str:
        return f"{delivery.reply_code or ''} {delivery.reply}".strip()


@admin.register(Bounce)
class BounceAdmin(AddressSearch[Bounce], ReadOnlyAdmin[Bounce]):
    list_display = ("received_at", "subscriber", "verdict", "status", "why")
    list_filter = ("verdict", days("received_at", "day", "received"))
    list_select_related = ("subscriber",)
    search_fields = ("=status", "why")
    search_help_text = "A whole address, an enhanced status code, or words of the report."
    sortable_by = ()
    links_into = ("subscriber__id__exact",)
    fields = ("received_at", "who", "message", "verdict", "status", "why")
    readonly_fields = ("who", "message")

    @admin.display(description="subscriber")
    def who(self, bounce: Bounce) -> str:
        return change_link(bounce.subscriber, bounce.subscriber) if bounce.subscriber else "unknown"

    @admin.display(description="delivery")
    def message(self, bounce: Bounce) -> str:
        return change_link(bounce.delivery, bounce.delivery.message_id) if bounce.delivery else "unknown"


@admin.register(Feedback)
class FeedbackAdmin(AddressSearch[Feedback], ReadOnlyAdmin[Feedback]):
    address_of = "subscription__subscriber"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Feedback], search_term: str
    ) -> tuple[QuerySet[Feedback], bool]:
        if "@" in search_term or not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(paper__in=titled(search_term)), False

    list_display = ("created_at", "reader", "vote", "paper")
    list_filter = ("vote", days("created_at", "day", "created"))
    list_select_related = ("subscription__subscriber", "paper")
    search_fields = ("paper__title",)
    search_help_text = "A whole address, or words of a paper's title."
    sortable_by = ()
    links_into = ("subscription__subscriber__id__exact", "subscription__id__exact")
    fields = ("created_at", "who", "vote", "about")
    readonly_fields = ("who", "about")

    @admin.display(description="subscriber")
    def reader(self, vote: Feedback) -> Subscriber:
        return vote.subscription.subscriber

    @admin.display(description="subscriber")
    def who(self, vote: Feedback) -> str:
        return change_link(vote.subscription.subscriber, vote.subscription.subscriber)

    @admin.display(description="paper")
    def about(self, vote: Feedback) -> str:
        return change_link(vote.paper, vote.paper)
