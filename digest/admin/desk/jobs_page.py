"""Jobs: what operators started, how far it is, and its end."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from digest.admin.desk.page import behind, drawn, person
from subscriptions import jobs, pages
from subscriptions.models import Job

SHOWN = 30


@behind("subscriptions.view_job")
@require_safe
def listed(request: HttpRequest) -> HttpResponseBase:
    """The newest jobs first."""
    page = Paginator(Job.objects.defer("payload", "arguments").order_by("-id"), SHOWN).get_page(request.GET.get("page"))
    return drawn(request, "jobs", "Jobs", {"page": page})


@behind("subscriptions.view_job")
@require_http_methods(["GET", "POST"])
def shown(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """One job; POST asks for its end. The page reloads itself while the job is open."""
    job = get_object_or_404(Job.objects.defer("payload"), pk=job_id)
    if request.method == "POST":
        if jobs.cancel(job, person(request), timezone.now(), pages.network(request)):
            messages.info(request, "The job ends after the batch it is in. What is done stays done.")
        else:
            messages.warning(request, "The job was over already.")
        return redirect("admin:desk-job", job.pk)
    share = round(100 * job.done / job.total) if job.total else None
    response = drawn(
        request, "job", str(job).capitalize(), {"job": job, "share": share, "counts": job.result.get("counts", {})}
    )
    if job.open:
        response.headers["Refresh"] = "3"
    return response
