"""A page for each paper, its citation in two formats, and the way there from its arXiv identifier."""

from collections.abc import Callable, Iterable

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import citations, search, trending
from digest.cached import open_to_all
from digest.citations import Citation
from digest.models import Paper, PaperIdentifier
from digest.papers import revisions
from digest.sources import arxiv_ids
from digest.views import listing

RELATED = 6
_FORMATS: dict[str, tuple[str, Callable[[Iterable[Citation]], str]]] = {
    "bib": ("application/x-bibtex", citations.bibtex),
    "ris": ("application/x-research-info-systems", citations.ris),
}


@require_safe
@open_to_all
def paper(request: HttpRequest, paper_id: int) -> HttpResponse:
    """A paper's own page; one that turned out to be another paper leads there."""
    found = _shown(paper_id)
    if found.merged_into_id is not None:
        return redirect("paper", found.merged_into_id, permanent=True)
    cited = citations.of(found)
    context = {
        "paper": found,
        "citation": cited,
        "bibtex": citations.bibtex([cited]),
        "tags": citations.meta_tags(cited),
        "revisions": revisions(found.versions.order_by("number")),
        "related": trending.cards([each.paper.pk for each in search.similar(found.pk, RELATED)]),
        "box": listing.box(timezone.now()),
    }
    return render(request, "web/paper.html.jinja", context)


@require_safe
@open_to_all
def citation(request: HttpRequest, paper_id: int, form: str) -> HttpResponse:
    """The citation as a file, `bib` or `ris`."""
    found = _shown(paper_id)
    if found.merged_into_id is not None:
        return redirect("citation", found.merged_into_id, form, permanent=True)
    media_type, written = _FORMATS[form]
    cited = citations.of(found)
    response = HttpResponse(written([cited]), content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{cited.key}.{form}"'
    return response


@require_safe
def arxiv(request: HttpRequest, arxiv_id: str) -> HttpResponse:
    """To the paper of an arXiv identifier, of either style, with or without a version."""
    named = arxiv_ids.split(arxiv_id)
    if named is None:
        raise Http404("not an arXiv identifier")
    name = get_object_or_404(PaperIdentifier.objects.select_related("paper"), kind="arxiv", value=named[0])
    return redirect("paper", name.paper.merged_into_id or name.paper_id)


def _shown(paper_id: int) -> Paper:
    found: QuerySet[Paper] = trending.for_cards(Paper.objects.all()).prefetch_related("identifiers", "appearances__source")
    return get_object_or_404(found, pk=paper_id)
