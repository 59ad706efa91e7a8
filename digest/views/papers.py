"""A page for each paper."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from digest.models import Paper


@require_safe
def paper(request: HttpRequest, paper_id: int) -> HttpResponse:
    """A paper's own page; one that turned out to be another paper leads there."""
    found = get_object_or_404(Paper.objects.prefetch_related("topics", "appearances__source"), pk=paper_id)
    if found.merged_into_id is not None:
        return redirect("paper", found.merged_into_id, permanent=True)
    return render(request, "web/paper.html.jinja", {"paper": found})
