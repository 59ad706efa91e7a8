"""The preflight: what receivers ask of us, as it was last found, and how to mend it."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from digest import tasks
from digest.admin.desk.page import behind, drawn, note, person
from digest.models import Preflight


@behind("digest.pause_sending")
@require_http_methods(["GET", "POST"])
def preflight(request: HttpRequest) -> HttpResponseBase:
    """The last run; POST asks for a new one, which a worker makes."""
    if request.method == "POST":
        tasks.check_preflight.delay(person(request).get_username())
        note(request, "preflight", "receivers' rules")
        messages.info(request, "A worker looks now; reload in a minute.")
        return redirect("admin:desk-preflight")
    runs = list(Preflight.objects.all()[:10])
    return drawn(request, "preflight", "Preflight", {"last": runs[0] if runs else None, "runs": runs})
