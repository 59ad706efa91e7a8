"""What a reader has saved and voted, in a session: lists, the way back, and the export for reference managers."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from digest import citations, feedback
from digest.models import Feedback, Paper
from subscriptions import pages, you
from subscriptions.models import Subscriber

_ON_A_PAGE = 50


@you.signed_in
def saved(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Saved papers, the newest first; POST takes one off the list."""
    return _list(request, subscriber, "web/saved.html.jinja", only_saved=True)


@you.signed_in
def votes(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Every vote, the newest first; POST takes one back."""
    return _list(request, subscriber, "web/votes.html.jinja", only_saved=False)


@you.signed_in
def bibtex(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """The saved papers as one BibTeX file, the newest first."""
    if request.method == "POST":
        return redirect("saved")
    rows = _cast(subscriber).filter(vote=Feedback.Vote.SAVE).prefetch_related("paper__identifiers")
    papers: dict[int, Paper] = {row.paper_id: row.paper for row in rows}
    response = HttpResponse(
        citations.bibtex(map(citations.of, papers.values())), content_type="application/x-bibtex; charset=utf-8"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="paper-round.bib"'
    return response


def _cast(subscriber: Subscriber) -> QuerySet[Feedback]:
    """The votes of all digests of a person, those of ended ones among them."""
    return Feedback.objects.filter(subscription__subscriber=subscriber).select_related("paper", "subscription").order_by("-id")


def _list(request: HttpRequest, subscriber: Subscriber, template: str, *, only_saved: bool) -> HttpResponse:
    now = timezone.now()
    taken_back: Paper | None = None
    rows = _cast(subscriber)
    if only_saved:
        rows = rows.filter(vote=Feedback.Vote.SAVE)
    number = request.POST.get("vote", "")
    if request.method == "POST" and number.isdecimal():
        row = rows.filter(pk=int(number)).first()
        if row is not None:
            feedback.undo(row.subscription_id, row.paper_id, row.vote, (), now)
            taken_back = row.paper
    page = Paginator(rows, _ON_A_PAGE).get_page(request.GET.get("page"))
    several = subscriber.subscriptions.live().count() > 1
    context = {
        "page": page,
        "votes": [(row, pages.instant(row.created_at, subscriber.time_zone)) for row in page.object_list],
        "several": several,
        "taken_back": taken_back,
        "proof": you.proof(request),
    }
    return render(request, template, context)
