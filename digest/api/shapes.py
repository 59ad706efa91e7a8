"""Rows as the interface says them."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse

from digest import citations, trending
from digest.api import schemas
from digest.citations import Citation
from digest.models import Paper, PaperIdentifier


def papers(ids: Sequence[int]) -> list[schemas.Paper]:
    """Papers by id, in this order."""
    rows = trending.cards(ids)
    names: dict[int, dict[str, str]] = {}
    known = PaperIdentifier.objects.filter(paper__in=ids, kind__in=["arxiv", "doi"]).order_by("-pk")
    for paper_id, kind, value in known.values_list("paper_id", "kind", "value"):
        names.setdefault(paper_id, {})[kind] = value
    return [_paper(row, names.get(row.pk, {})) for row in rows]


def whole(paper_id: int) -> schemas.WholePaper:
    """One paper with everything; Paper.DoesNotExist."""
    row = trending.for_cards(Paper.objects.all()).prefetch_related("identifiers", "appearances__source").get(pk=paper_id)
    cited: Citation = citations.of(row)
    return schemas.WholePaper(
        **_paper(row, {"arxiv": cited.arxiv_id, "doi": cited.doi}).dict(),
        title_tex=row.title_source,
        abstract_tex=row.abstract_source,
        keywords=row.keywords,
        journal_reference=row.journal_reference or None,
        organisation=row.organisation or None,
        withdrawn_at=row.withdrawn_at,
        versions=[
            schemas.Version(
                number=each.number,
                announced_at=each.announced_at,
                title_tex=each.title_source,
                abstract_tex=each.abstract_source,
            )
            for each in row.versions.order_by("number")
        ],
        seen_in=[
            schemas.Seen(source=each.source.name, url=each.url or None, announced_at=each.announced_at, upvotes=each.upvotes)
            for each in row.appearances.all()
        ],
        bibtex=citations.bibtex([cited]),
    )


def _paper(row: Paper, names: dict[str, str]) -> schemas.Paper:
    return schemas.Paper(
        id=row.pk,
        title=row.title,
        authors=row.authors,
        abstract=row.abstract,
        announced_at=row.announced_at,
        upvotes=row.upvotes + trending.readers(row),
        stars=row.stars,
        categories=row.categories,
        topics=[schemas.TopicName(slug=each.slug, name=each.name) for each in row.topics.all()],
        links=[schemas.Link(**each) for each in row.links],
        picks=[
            schemas.Picked(editor=each.editor.get_full_name() or each.editor.get_username(), note=each.note)
            for each in row.picks.all()
        ],
        arxiv_id=names.get("arxiv") or None,
        doi=names.get("doi") or None,
        url=row.url or None,
        pdf_url=row.pdf_url or None,
        page=f"{settings.SITE_URL}{reverse('paper', args=[row.pk])}",
    )
