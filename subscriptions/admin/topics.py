"""Topics."""

from django.contrib import admin
from django.http import HttpRequest

from subscriptions.admin.base import OurAdmin, links, list_path
from subscriptions.models import Interest, Subscriber, Topic


@admin.register(Topic)
class TopicAdmin(OurAdmin[Topic]):
    list_display = ("name", "field", "slug", "categories", "description")
    list_filter = ("field",)
    search_fields = ("name", "slug", "description")
    ordering = ("field", "name")
    prepopulated_fields = {"slug": ["name"]}
    fields = ("name", "slug", "field", "description", "categories", "key_terms", "readers")
    readonly_fields = ("readers",)

    @admin.display(description="see also")
    def readers(self, topic: Topic) -> str:
        return links([(list_path(Subscriber, topic=topic.pk), "Who reads about it")]) if topic.pk else ""

    def has_delete_permission(self, request: HttpRequest, obj: Topic | None = None) -> bool:
        """A topic that a reader chose or a paper matches stays: removing it would quietly change what readers asked for."""
        if obj is None or not super().has_delete_permission(request, obj):
            return False
        return not Interest.objects.filter(topic=obj).exists() and not obj.papers.exists()
