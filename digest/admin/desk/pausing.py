"""Pause and resume all sending. Every page says so while it lasts."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_http_methods

from digest.admin.desk.page import behind, drawn, note, person
from digest.delivery import levers
from digest.models import Brake


@behind("digest.pause_sending")
@require_http_methods(["GET", "POST"])
def sending(request: HttpRequest) -> HttpResponseBase:
    """What stands still and why; POST pauses with a reason, or resumes."""
    if request.method == "POST":
        return _act(request)
    return drawn(request, "sending", "Sending", {"brakes": levers.standing()})


def _act(request: HttpRequest) -> HttpResponse:
    now, by = timezone.now(), person(request).get_username()
    if request.POST.get("act") == "resume":
        with transaction.atomic():
            resumed = levers.resume(by, now)
            note(request, "resume", "all sending", lifted=list(resumed.lifted))
        said = "; ".join(resumed.lifted) or "nothing stood still"
        messages.success(request, f"Sending goes on. Lifted: {said}.")
        if resumed.replayed:
            found = resumed.replayed
            messages.info(
                request,
                f"From the log of who has left: {found.suppressed} suppressed, {found.ended} ended, {found.erased} erased.",
            )
        return redirect("admin:desk-sending")
    why = request.POST.get("why", "").strip()
    if not why:
        context = {"brakes": levers.standing(), "missing": True}
        return drawn(request, "sending", "Sending", context, status=400)
    with transaction.atomic():
        levers.pause(why, by, now)
        note(request, "pause", "all sending", why=why)
    messages.success(request, "All sending is paused. Workers stop within two seconds; what is queued stays queued.")
    return redirect("admin:desk-sending")


def banner(request: HttpRequest) -> dict[str, object]:
    """Context processor of the admin: what stops everything, for the banner on each page. One query, for staff alone.

    It is asked when the banner is drawn, not for every fragment of a page.
    """
    if not request.path_info.startswith("/admin/") or not request.user.is_staff:
        return {}
    return {"standing_brakes": SimpleLazyObject(lambda: list(Brake.objects.standing().filter(domain="").order_by("since")[:3]))}
