"""Papers, and the editors' picks among them."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from digest.models import Appearance, Paper, PaperIdentifier, PaperSearch, PaperTopic, PaperVersion, Pick
from subscriptions.admin.base import OurAdmin, ReadOnlyInline, change_link
from subscriptions.admin.filters import days


def titled(words: str) -> QuerySet[PaperSearch, int]:
    """The ids of papers whose titles hold all of these words, through the index that search keeps."""
    asked = SearchQuery(words, config="digest_prose", search_type="plain")
    return PaperSearch.objects.filter(title=asked).values_list("paper_id", flat=True)


class IdentifierInline(ReadOnlyInline[PaperIdentifier, Paper]):
    model = PaperIdentifier
    ordering = ("kind", "value")
    fields = ("kind", "value")


class VersionInline(ReadOnlyInline[PaperVersion, Paper]):
    model = PaperVersion
    ordering = ("-number",)
    fields = ("number", "announced_at", "title_source")


class AppearanceInline(ReadOnlyInline[Appearance, Paper]):
    model = Appearance
    fields = ("where", "url", "announced_at", "first_seen_at", "upvotes")
    readonly_fields = ("where",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appearance]:
        return super().get_queryset(request).select_related("source")

    @admin.display(description="source")
    def where(self, appearance: Appearance) -> str:
        return change_link(appearance.source, appearance.source)


class TopicInline(ReadOnlyInline[PaperTopic, Paper]):
    model = PaperTopic
    verbose_name_plural = "topics"
    ordering = ("-score", "id")
    fields = ("subject", "score")
    readonly_fields = ("subject",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PaperTopic]:
        return super().get_queryset(request).select_related("topic")

    @admin.display(description="topic")
    def subject(self, match: PaperTopic) -> str:
        return change_link(match.topic, match.topic)


class PickInline(ReadOnlyInline[Pick, Paper]):
    model = Pick
    fields = ("note", "editor", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pick]:
        return super().get_queryset(request).select_related("editor")


@admin.register(Paper)
class PaperAdmin(OurAdmin[Paper]):
    """What feeds said of a paper is read-only; an operator may mark it as withdrawn, and it is chosen no more."""

    list_display = ("title", "by", "announced_at", "listed_at", "upvotes", "stars", "withdrawn_at")
    list_filter = (
        "appearances__source",
        "topics",
        days("announced_at", "announced", "announced"),
        days("listed_at", "listed", "listed"),
        ("withdrawn_at", admin.EmptyFieldListFilter),
        ("merged_into", admin.EmptyFieldListFilter),
    )
    ordering = ("-announced_at", "id")
    search_fields = ("title",)
    search_help_text = "Words of the title, as readers search them, or a whole arXiv id, DOI or address."
    sortable_by = ("announced_at", "listed_at")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("title", "by", "abstract", "addresses")}),
        ("Standing", {"fields": ("announced_at", "listed_at", "withdrawn_at", "merged_to", "revision", "upvotes", "stars")}),
        ("Terms", {"fields": ("categories", "keywords")}),
        ("As the feed said it", {"classes": ("collapse",), "fields": ("title_source", "abstract_source")}),
    )
    inlines = (IdentifierInline, VersionInline, AppearanceInline, TopicInline, PickInline)

    def get_readonly_fields(self, request: HttpRequest, obj: Paper | None = None) -> list[str]:
        shown = [name for _, options in self.fieldsets for name in options["fields"]]
        return [name for name in shown if name != "withdrawn_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Paper | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Paper], search_term: str
    ) -> tuple[QuerySet[Paper], bool]:
        """A name that a paper has finds it whatever its standing; words find those that readers find."""
        if not search_term.strip():
            return queryset, False
        named = list(PaperIdentifier.objects.filter(value=search_term.strip()).values_list("paper_id", flat=True)[:50])
        return queryset.filter(pk__in=named or titled(search_term)), False

    @admin.display(description="authors")
    def by(self, paper: Paper) -> str:
        more = len(paper.authors) - 3
        return ", ".join(paper.authors[:3]) + (f" and {more} more" if more > 0 else "")

    @admin.display(description="links")
    def addresses(self, paper: Paper) -> str:
        found = [("paper", paper.url), ("PDF", paper.pdf_url), *((link["kind"], link["url"]) for link in paper.links)]
        return format_html_join(
            "",
            '<p>{}: <a href="{}" rel="noopener noreferrer">{}</a></p>',
            ((kind, url, url) for kind, url in found if url),
        )

    @admin.display(description="merged into")
    def merged_to(self, paper: Paper) -> str:
        return change_link(paper.merged_into, paper.merged_into) if paper.merged_into else ""


class PickForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's forms take their parameter only in the stubs
    """Knows whose pick it will be, which no field of the form says."""

    editor: ClassVar[Any] = None

    def clean_paper(self) -> Paper:
        paper: Paper = self.cleaned_data["paper"]
        if Pick.objects.filter(paper=paper, editor=self.editor).exists():
            raise ValidationError("You picked this paper before. Open that pick to change its note.")
        return paper


@admin.register(Pick)
class PickAdmin(OurAdmin[Pick]):
    list_display = ("paper", "note", "editor", "created_at")
    list_filter = (("editor", admin.RelatedOnlyFieldListFilter), days("created_at", "day", "created"))
    list_select_related = ("paper", "editor")
    search_fields = ("paper__title", "note")
    autocomplete_fields = ("paper",)
    fields = ("paper", "note", "editor", "created_at")
    readonly_fields = ("editor", "created_at")
    sortable_by = ("created_at",)

    class Media:
        js = ("admin_site/named.js",)

    def get_readonly_fields(self, request: HttpRequest, obj: Pick | None = None) -> Any:
        return (*self.readonly_fields, "paper") if obj else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: Pick | None = None) -> Any:
        return self.fields if obj else ("paper", "note")

    def get_form(self, request: HttpRequest, obj: Pick | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = type("PickForm", (PickForm,), {"editor": request.user})
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Pick, form: Any, change: bool) -> None:
        """A pick bears the name of who made it."""
        if not change:
            obj.editor = request.user  # type: ignore[assignment]  # the admin lets in nobody who is anonymous
        super().save_model(request, obj, form, change)
