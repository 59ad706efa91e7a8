"""List filters of ours: by day, and by what an operator asks."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, cast

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from subscriptions.models import Interest, Subscriber, Subscription, SubscriptionQuerySet, Topic

SEPARATOR = ".."


def span(first: dt.date, last: dt.date) -> str:
    """The filter's value for a span of whole days, both included: "2026-03-10..2026-03-16", or one day alone."""
    return first.isoformat() if first == last else f"{first.isoformat()}{SEPARATOR}{last.isoformat()}"


def read_span(value: str | None) -> tuple[dt.datetime, dt.datetime] | None:
    """The half-open span of UTC instants that a filter's value means; None when it means none."""
    first, _, last = (value or "").partition(SEPARATOR)
    try:
        start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
    except ValueError:
        return None
    if end < start or end == dt.date.max:
        return None
    midnight = dt.time(tzinfo=dt.UTC)
    return dt.datetime.combine(start, midnight), dt.datetime.combine(end + dt.timedelta(days=1), midnight)


class DayFilter(SimpleListFilter):
    """By whole UTC days of the field `field`: today, the last days, or the span that a link names."""

    field = ""
    title = ""

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        today = timezone.now().astimezone(dt.UTC).date()

        def since(days: int) -> str:
            return span(today - dt.timedelta(days=days - 1), today)

        named = [(since(1), "Today"), (since(7), "Last 7 days"), (since(30), "Last 30 days"), (since(90), "Last 90 days")]
        chosen = request.GET.get(self.parameter_name or "")
        if chosen and chosen not in dict(named) and read_span(chosen):
            named.append((chosen, chosen.replace(SEPARATOR, " to ")))
        return named

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if bounds := read_span(self.value()):
            return queryset.filter(**{f"{self.field}__gte": bounds[0], f"{self.field}__lt": bounds[1]})
        return queryset


def days(field: str, name: str, parameter: str) -> type[DayFilter]:
    """A day filter over the instant `field`, called `name`, told by the query parameter `parameter`."""
    return type("DayFilter", (DayFilter,), {"field": field, "title": name, "parameter_name": parameter})


class StateFilter(SimpleListFilter):
    """Where a subscriber stands: waiting for confirmation, reading, or gone from every digest."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("reading", "Reading"), ("waiting", "Waiting for confirmation"), ("left", "Left every digest")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "waiting":
                return queryset.filter(status=Subscriber.Status.PENDING)
            case "reading" | "left" as state:
                live = Exists(
                    Subscription.objects.filter(subscriber=OuterRef("pk"), ended_at=None, next_issue_at__isnull=False)
                )
                confirmed = queryset.filter(status=Subscriber.Status.CONFIRMED)
                if state == "reading":
                    return confirmed.filter(live)
                # Few beside those who read, and found by an index of their own.
                return confirmed.filter(~live, pk__in=Subscription.objects.filter(next_issue_at=None).values("subscriber"))
        return queryset


class TopicFilter(SimpleListFilter):
    """Who reads a digest that asks for a topic. There are too many topics for a list of them; other pages link here."""

    title = "topic"
    parameter_name = "topic"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        chosen = request.GET.get("topic", "")
        return (
            [(str(pk), name) for pk, name in Topic.objects.filter(pk=chosen).values_list("pk", "name")]
            if chosen.isdecimal()
            else []
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        topic = self.value() or ""
        if not topic.isdecimal():
            return queryset
        wanted = Interest.objects.filter(kind=Interest.Kind.TOPIC, topic=int(topic), excluded=False)
        # A digest with a next issue is confirmed: asking its subscriber too would double the work.
        reading = Subscription.objects.filter(ended_at=None, next_issue_at__isnull=False, pk__in=wanted.values("subscription"))
        return queryset.filter(pk__in=reading.values("subscriber"))


class DueFilter(SimpleListFilter):
    """Live subscriptions by when their next issue is due; and those that ended or wait."""

    title = "next issue"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [
            ("now", "Due now"),
            ("day", "Due within 24 hours"),
            ("live", "Live"),
            ("paused", "Paused"),
            ("waiting", "Waiting for confirmation"),
            ("ended", "Ended"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        subscriptions = cast(SubscriptionQuerySet, queryset)
        live = subscriptions.live()
        match self.value():
            case "now":
                return live.filter(next_issue_at__lte=now)
            case "day":
                return live.filter(next_issue_at__gt=now, next_issue_at__lte=now + dt.timedelta(days=1))
            case "live":
                return live
            case "paused":
                return live.filter(paused_until__gt=now)
            case "waiting":
                return subscriptions.waiting()
            case "ended":
                return queryset.exclude(ended_at=None)
        return queryset


class StandingFilter(SimpleListFilter):
    """Suppressions that stand, and those that were lifted."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("lifted", "Lifted"), ("all", "All")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """The first choice is what stands, not everything."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "Standing"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "lifted":
                return queryset.exclude(lifted_at=None)
            case "all":
                return queryset
        return queryset.filter(lifted_at=None)
