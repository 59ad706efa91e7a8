"""What signed-in readers give to everybody: upvotes, and papers that they bring."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import feedback, submissions, tasks, text, upvotes
from digest.forms import SubmissionForm
from digest.models import Submission, Upvote
from digest.submissions import SubmissionRefused
from subscriptions import limits, pages, you
from subscriptions.models import Subscriber
from subscriptions.tasks import hint

_LISTED = 50


@you.signed_in_anywhere
def upvote(request: HttpRequest, subscriber: Subscriber, paper_id: int) -> HttpResponse:
    """GET shows the paper with one button; POST votes, or takes the vote back (`do=undo`). Forms of public pages lead here."""
    now = timezone.now()
    paper = feedback.paper_of(paper_id)
    if paper is None:
        return pages.gone(request)
    done = request.POST.get("do", "cast") if request.method == "POST" else ""
    if done == "undo":
        upvotes.take_back(subscriber, paper.pk)
    elif done:
        if limits.take(limits.of_person("votes", subscriber.pk, upvotes.EACH_DAY), str(paper.pk), now) is not None:
            return render(request, "web/enough.html.jinja", {"what": "votes", "most": upvotes.EACH_DAY}, status=429)
        upvotes.cast(subscriber, paper.pk, now)
    vote = Upvote.objects.filter(subscriber=subscriber, paper=paper).first()
    context = {
        "paper": paper,
        "vote": vote,
        "done": done,
        "count": paper.upvotes + Upvote.objects.filter(paper=paper).count(),
        "weight": f"{vote.weight if vote else upvotes.weight(subscriber, now):.1f}",
        "proof": you.proof(request),
    }
    return render(request, "web/upvote.html.jinja", context)


@require_safe
def submit(request: HttpRequest) -> HttpResponse:
    """The address that pages link to; the session's cookie is seen below /you/ alone."""
    return redirect("submissions")


@you.signed_in
def submitted(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Bring a paper, and see what became of those that were brought; POST takes one."""
    now = timezone.now()
    form = SubmissionForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        if limits.take(limits.of_person("submissions", subscriber.pk, submissions.EACH_DAY), uuid.uuid4().hex, now) is not None:
            context = {"what": "submissions", "most": submissions.EACH_DAY}
            return render(request, "web/enough.html.jinja", context, status=429)
        data = form.cleaned_data
        try:
            taken = submissions.submit(subscriber, data["paper"], data["title"], data["authors"], now)
        except SubmissionRefused as refused:
            form.add_error("title" if "title" in str(refused) else "paper", str(refused))
        else:
            if taken.paper is not None:
                return render(request, "web/submission_known.html.jinja", {"paper": taken.paper})
            hint(tasks.look_up_submissions.name)
            return redirect("submission", taken.submission.pk if taken.submission else 0)
    if form.errors:
        status = 422
    context = {
        "form": form,
        "brought": subscriber.submissions.order_by("-id")[:_LISTED],
        "proof": you.proof(request),
    }
    return render(request, "web/submissions.html.jinja", context, status=status)


@you.signed_in
def submission(request: HttpRequest, subscriber: Subscriber, submission_id: int) -> HttpResponse:
    """One of them, as its submitter sees it at once and everyone after an editor's yes."""
    found = Submission.objects.filter(subscriber=subscriber, pk=submission_id).select_related("paper").first()
    if found is None:
        return pages.gone(request)
    entry = submissions.entry_of(found)
    context = {
        "submission": found,
        "title": found.title or f"arXiv:{found.value}",
        "authors": [text.clean(name) for name in entry.authors] if entry else [],
        "abstract": text.clean(entry.abstract) if entry else "",
        "address": entry.url if entry else "",
    }
    return render(request, "web/submission.html.jinja", context)
