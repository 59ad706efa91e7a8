"""The operations: each parameter checked, each answer a shape of `schemas`."""

import datetime as dt
import re
from typing import Annotated, Literal
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BeforeValidator, Field, StringConstraints

from digest import periods, search, trending
from digest.api import cursors, schemas, shapes
from digest.api.cursors import Cursor
from digest.models import Paper, PaperTopic
from digest.trending import Stretch
from subscriptions.models import Topic

router = Router()

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_MOST = 2**63 - 1


def _iso_day(given: object) -> object:
    """Pydantic would take `0` for a timestamp; the document promises RFC 3339's full-date."""
    if not isinstance(given, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", given, re.ASCII):
        raise ValueError("a day is written as 2026-03-13")
    return given


Id = Annotated[int, Field(ge=1, le=_MOST)]
Slug = Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]{1,80}$")]
# PostgreSQL's text holds every character but NUL.
Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\u0000]+$")]
Category = Annotated[str, StringConstraints(pattern=r"^[A-Za-z.-]{1,40}$")]
Day = Annotated[dt.date, BeforeValidator(_iso_day)]
Limit = Annotated[int, Field(ge=1, le=100, description="Papers in one answer.")]
Cursor_ = Annotated[str, StringConstraints(pattern=cursors.PATTERN)]
Period = Annotated[
    str, StringConstraints(pattern=rf"^{periods.PATTERN}$"), Field(description="2026-03-13, 2026-W11 or 2026-03 (UTC).")
]
_MOVED = {"responses": {301: {"description": "This paper turned out to be the one that Location names."}}}
_WRONG = {404: schemas.Failure, 422: schemas.Failure}


class Refused(ValueError):
    """A parameter that is well formed and names nothing; answered with 404."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(why)
        self.where = where


@router.get("/papers", response={200: schemas.Papers, **_WRONG}, summary="Papers, the newest first")
def papers(
    request: HttpRequest,
    topic: Slug | None = None,
    category: Category | None = None,
    author: Annotated[Name | None, Query(description="A full name, as the paper gives it.")] = None,
    since: Annotated[Day | None, Query(description="Announced on this day or later (UTC).")] = None,
    until: Annotated[Day | None, Query(description="Announced on this day or earlier (UTC).")] = None,
    picked: Annotated[bool | None, Query(description="Only what an editor picked, or only the rest.")] = None,
    cursor: Cursor_ | None = None,
    limit: Limit = 30,
) -> schemas.Papers:
    """Withdrawn papers and those that turned out to be another are left out."""
    found = trending.standing().filter(announced_at__lte=timezone.now())
    if topic:
        found = found.filter(paper_topics__topic=_topic(topic))
    if category:
        found = found.filter(categories__contains=[category])
    if author:
        found = found.filter(authors__contains=[author])
    if since:
        found = found.filter(announced_at__gte=dt.datetime.combine(since, dt.time.min, dt.UTC))
    if until:
        found = found.filter(announced_at__lte=dt.datetime.combine(until, dt.time.max, dt.UTC))
    if picked is not None:
        found = found.filter(Q(picks__isnull=not picked)).distinct()
    if cursor:
        at, last = _instant(cursor)
        found = found.filter(Q(announced_at__lt=at) | Q(announced_at=at, pk__lt=last))
    rows = list(found.order_by("-announced_at", "-pk").values_list("pk", "announced_at")[: limit + 1])
    shown = shapes.papers([pk for pk, _ in rows[:limit]])
    following = _cursor(rows[limit - 1][1], rows[limit - 1][0]) if len(rows) > limit else None
    return schemas.Papers(papers=shown, next=_next(request, following))


@router.get("/papers/{paper_id}", response={200: schemas.WholePaper, **_WRONG}, summary="A paper", openapi_extra=_MOVED)
def paper(request: HttpRequest, paper_id: Id) -> schemas.WholePaper | HttpResponse:
    """Everything the site says of it."""
    found = _paper(paper_id)
    if found.merged_into_id is not None:
        return HttpResponsePermanentRedirect(reverse("api:paper", args=[found.merged_into_id]))
    return shapes.whole(paper_id)


@router.get(
    "/papers/{paper_id}/related", response={200: schemas.Papers, **_WRONG}, summary="Papers near it", openapi_extra=_MOVED
)
def related_papers(
    request: HttpRequest, paper_id: Id, limit: Annotated[int, Field(ge=1, le=20)] = 6
) -> schemas.Papers | HttpResponse:
    """By what they are about, the nearest first."""
    found = _paper(paper_id)
    if found.merged_into_id is not None:
        return HttpResponsePermanentRedirect(reverse("api:related_papers", args=[found.merged_into_id]))
    return schemas.Papers(papers=shapes.papers([each.paper.pk for each in search.similar(found.pk, limit)]), next=None)


@router.get("/topics", response={200: schemas.Topics, 422: schemas.Failure}, summary="All topics")
def topics(request: HttpRequest) -> schemas.Topics:
    """By field and name."""
    counts = _this_week()
    return schemas.Topics(topics=[_shape(each, counts) for each in Topic.objects.all()])


@router.get("/topics/{slug}", response={200: schemas.Topic, **_WRONG}, summary="A topic")
def topic(request: HttpRequest, slug: Slug) -> schemas.Topic:
    """What it means here, and how much is new."""
    return _shape(_topic(slug), _this_week())


@router.get("/trending", response={200: schemas.TrendingPapers, **_WRONG}, summary="What trends")
def trending_papers(
    request: HttpRequest,
    period: Period | None = None,
    topic: Slug | None = None,
    order: Literal["trending", "newest", "upvoted"] = "trending",
    cursor: Cursor_ | None = None,
    limit: Limit = 30,
) -> schemas.TrendingPapers:
    """Of a day, a week or a month, or of the last seven days. All parts of one list are ordered as of the same instant."""
    now = timezone.now()
    at, place = _instant(cursor) if cursor else (now, 0)
    if at > now or place > 1_000_000:
        raise Refused("cursor", _UNKNOWN_CURSOR)
    stretch = trending.last_days(7, at)
    if period:
        named = periods.parse(period)
        if named is None:
            raise Refused("period", f"{period} is not in the calendar")
        stretch = Stretch(named.start, named.end, min(named.end, at))
    ids = trending.ordered(stretch.papers(_topic(topic) if topic else None), order, stretch.at)
    following = _cursor(at, place + limit) if place + limit < len(ids) else None
    return schemas.TrendingPapers(
        papers=shapes.papers(ids[place : place + limit]),
        next=_next(request, following),
        total=len(ids),
        start=stretch.start,
        end=stretch.end,
        at=stretch.at,
    )


@router.get("/search", response={200: schemas.FoundPapers, **_WRONG}, summary="Search")
def search_papers(
    request: HttpRequest,
    q: Annotated[Name, Query(description='Words, phrases in quotation marks, -words to leave out, author:"a name".')],
    topic: Slug | None = None,
    author: Name | None = None,
    since: Annotated[Day | None, Query(description="Announced on this day or later (UTC).")] = None,
    until: Annotated[Day | None, Query(description="Announced on this day or earlier (UTC).")] = None,
    as_typed: Annotated[bool, Query(description="Keep the spelling, even where it finds nothing.")] = False,
    cursor: Annotated[str, StringConstraints(pattern=r"^[01]\.[0-9]{1,9}\.[0-9]{1,18}$")] | None = None,
) -> schemas.FoundPapers:
    """Papers that hold all that was asked for, then those that come near. A misspelled word is taken for what it means."""
    filters = search.Filters(
        topic=_topic(topic).slug if topic else "", since=since, until=until, author=author or "", as_typed=as_typed
    )
    results = search.find(q, filters, timezone.now(), cursor or "")
    shown = {each.id: each for each in shapes.papers([hit.paper.pk for hit in results.hits])}
    return schemas.FoundPapers(
        papers=[
            schemas.FoundPaper(
                **shown[hit.paper.pk].dict(),
                matched=[schemas.Match(where=each.where, words=list(each.words)) for each in hit.matched],
                nearly=hit.nearly,
            )
            for hit in results.hits
        ],
        next=_next(request, results.next or None),
        query=results.query,
        corrected=results.corrected or None,
        perhaps=results.perhaps or None,
        total=results.total,
        at_least=results.at_least,
        notes=list(results.notes),
    )


_UNKNOWN_CURSOR = "no list has given out this cursor; take it from the address in next"


def _paper(paper_id: int) -> Paper:
    found = Paper.objects.filter(pk=paper_id).first()
    if found is None:
        raise Http404(f"there is no paper {paper_id}")
    return found


def _topic(slug: str) -> Topic:
    found = Topic.objects.filter(slug=slug).first()
    if found is None:
        raise Http404(f"there is no topic {slug}")
    return found


def _this_week() -> dict[int, int]:
    week = trending.last_days(7, timezone.now()).papers().order_by().values("pk")
    return dict(PaperTopic.objects.filter(paper__in=week).values_list("topic_id").annotate(papers=Count("pk")).order_by())


def _shape(topic: Topic, counts: dict[int, int]) -> schemas.Topic:
    return schemas.Topic(
        slug=topic.slug,
        name=topic.name,
        field=topic.field,
        description=topic.description,
        categories=topic.categories,
        key_terms=topic.key_terms,
        papers_this_week=counts.get(topic.pk, 0),
        page=f"{settings.SITE_URL}{reverse('topic', args=[topic.slug])}",
        feed=f"{settings.SITE_URL}{reverse('topic-feed', args=[topic.slug])}",
    )


def _cursor(at: dt.datetime, number: int) -> Cursor:
    return Cursor((at - _EPOCH) // _MICROSECOND, number)


def _instant(packed: str) -> tuple[dt.datetime, int]:
    try:
        cursor = cursors.read(packed)
        return _EPOCH + cursor.at * _MICROSECOND, cursor.number
    except (cursors.BadCursor, OverflowError) as error:
        raise Refused("cursor", _UNKNOWN_CURSOR) from error


def _next(request: HttpRequest, cursor: Cursor | str | None) -> str | None:
    if cursor is None:
        return None
    query = {name: value for name, value in request.GET.items() if name != "cursor"}
    return f"{settings.SITE_URL}{request.path}?{urlencode({**query, 'cursor': str(cursor)})}"
