"""Send an issue to me: the words of an issue, to the operator's own address. The reader's ledger is not touched."""

import re

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from digest.admin.desk.page import behind, note, person
from digest.intake import forwarding
from digest.issues import reading, whole
from digest.messages import Heading, Mailbox, Outgoing, Rendered, bounce_address, compose, message_id, sealed, sender, transport
from digest.models import Issue
from subscriptions import audit


@behind("subscriptions.preview_subscriber")
@require_POST
def send_to_me(request: HttpRequest, issue_id: int) -> HttpResponseBase:
    """Hand the relay a copy for whoever asks. The reader's own links are taken out: they would act in the reader's name."""
    issue = get_object_or_404(Issue, pk=issue_id)
    back = redirect("admin:digest_issue_change", issue.pk)
    me = person(request)
    found = reading.read([issue])
    if not me.email or not found:
        why = "your account has no address" if found else "the issue holds no papers"
        messages.error(request, f"Nothing was sent: {why}.")
        return back
    ((_, letter),) = found
    now = timezone.now()
    own = sender(settings.NOTICE_FROM, "NOTICE_FROM")
    words = without_links(whole.render(letter.contents, text_only=False))
    try:
        to = Mailbox("", transport(me.email))
        key = f"{issue.pk} {me.pk} {now.isoformat()}"
        heading = Heading(own, to, words.subject, now, message_id("copy", key))
        forwarding.hand_over(Outgoing(bounce_address(), to.address, sealed(compose(words, heading), own), dotless=True))
    except (OSError, ValueError) as error:
        messages.error(request, f"Nothing was sent: {error}.")
        return back
    note(request, "send to me", audit.name(issue))
    messages.success(request, f"A copy is on its way to {me.email}. The reader's own links are not in it.")
    return back


def without_links(words: Rendered) -> Rendered:
    """The same words; addresses of our own site but those of its public pages carry the reader's tokens, and lead nowhere."""
    own = rf"{re.escape(settings.SITE_URL)}/(?!papers/|topics/|trending/)"
    html = re.sub(rf'href="{own}[^"]*"', 'href="#"', words.html) if words.html else None
    return Rendered(f"Copy: {words.subject}", re.sub(rf"{own}[^\s>)]*", f"{settings.SITE_URL}/", words.text), html)
