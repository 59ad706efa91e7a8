"""What every page of our admin shares: lists that stay quick on large tables, and records that nobody rewrites."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.contrib.admin import ShowFacets
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode

from subscriptions.admin.reach import ReachPaginator
from subscriptions.models import Subscriber
from subscriptions.suppression import mailbox_hash

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as ModelAdmin
    from django.contrib.admin import TabularInline as TabularInline
    from django.contrib.admin.views.main import ChangeList
else:
    import unfold.admin
    from unfold.views import ChangeList

    # Unfold ships no types, and Django's admin classes take their parameter only in the stubs.
    class ModelAdmin(unfold.admin.ModelAdmin):
        __class_getitem__ = classmethod(lambda cls, _model: cls)

    class TabularInline(unfold.admin.TabularInline):
        __class_getitem__ = classmethod(lambda cls, _models: cls)


M = TypeVar("M", bound=models.Model)
P = TypeVar("P", bound=models.Model)


def change_link(record: models.Model, text: object) -> str:
    """A link to the admin page of a record."""
    meta = record._meta
    return format_html(
        '<a href="{}">{}</a>', reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk]), text
    )


def list_path(model: type[models.Model], **lookups: str | int) -> str:
    """The path of a model's list in the admin, narrowed by filters: `list_path(Delivery, state__exact="failed")`."""
    path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{path}?{urlencode(lookups)}" if lookups else path


def links(places: Iterable[tuple[str, str]]) -> str:
    """A row of links, from their paths and names."""
    return format_html_join(" · ", '<a href="{}">{}</a>', places)


class QuietChangeList(ChangeList):
    """A list whose heading offers to "show all" only where a search or a filter hides some."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.query or self.has_active_filters) or getattr(self.paginator, "truncated", False):
            self.full_result_count = self.result_count


class OurAdmin(ModelAdmin[M]):
    """A list of at most some thousand rows, newest first, that counts no further than it can page."""

    paginator = ReachPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each would count the whole table once more
    list_per_page = 50
    formfield_overrides: ClassVar[Any] = {models.URLField: {"assume_scheme": "https"}}
    list_max_show_all = 0
    list_filter_submit = False
    ordering: ClassVar[Any] = ("-id",)
    actions: Any = ()
    links_into: ClassVar[tuple[str, ...]] = ()  # lookups that other pages link with, beside those of the list filters
    compressed_fields = True
    warn_unsaved_form = True

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.links_into or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]  # Django 5.2 hands in None

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        """What a list joins, a record's own page needs as well."""
        joined = self.list_select_related
        rows = super().get_queryset(request)
        return rows if isinstance(joined, bool) else rows.select_related(*joined)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return QuietChangeList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No "delete selected": what goes, goes one by one, with a page that says what goes with it."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}


class ReadOnlyAdmin(OurAdmin[M]):
    """Records of what happened: shown, never added, changed or removed here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline[M, P]):
    """The newest related records, a page at a time."""

    extra = 0
    formfield_overrides: ClassVar[Any] = {models.URLField: {"assume_scheme": "https"}}
    max_num = 0
    can_delete = False
    per_page = 10
    hide_title = True
    ordering: ClassVar[Any] = ("-id",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AddressSearch(OurAdmin[M]):
    """Finds the records of a whole address by its keyed hash, which is indexed, also after the address was erased.

    `address_of` names the lookup that leads to the subscriber ("" for subscribers themselves). Other words must equal the field
    `whole`, where the table is too large for anything else; without it `search_fields` serve them.
    """

    address_of = "subscriber"
    whole = ""

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[M], search_term: str) -> tuple[QuerySet[M], bool]:
        words = search_term.strip()
        if "@" in words and " " not in words and not words.startswith(("<", "@")):
            return queryset.filter(self.of_address(words)), False
        if words and self.whole:
            try:
                return queryset.filter(**{self.whole: words}), False
            except ValueError:  # of a number: nothing is called by a word
                return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def of_address(self, address: str) -> Q:
        subscribers = Subscriber.objects.filter(mailbox_hash=mailbox_hash(address)).values_list("id", flat=True)
        return Q(**{f"{self.address_of}__in" if self.address_of else "id__in": list(subscribers)})
