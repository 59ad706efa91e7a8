"""This week's digest by the sign-up form as it is filled in, before an address is given."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.gzip import gzip_page

from digest import previews
from subscriptions import entrance, interests, limits, pages
from subscriptions.forms import DEFAULT_SIZE, LookForm
from subscriptions.interests import Wishes


@gzip_page
@pages.private
def preview(request: HttpRequest) -> HttpResponse:
    """POST shows the form again with the digest beside it, and changes nothing; GET leads to the form."""
    if request.method != "POST":
        return redirect("subscribe")
    if not pages.ours(request):
        return render(request, "web/refused.html.jinja", status=403)
    now = timezone.now()
    form = LookForm(request.POST, now=now)
    if not form.is_valid():
        return entrance.signup_page(request, form, status=422)
    if limits.take(limits.of_previews(pages.network(request)), uuid.uuid4().hex, now) is not None:
        return render(request, "web/too_many.html.jinja", status=429)
    data = form.cleaned_data
    keywords, texts = interests.split(data["interests"])
    wishes = Wishes(
        topics=tuple(data["topics"]),
        keywords=keywords,
        authors=data["authors"],
        texts=texts,
        excluded_keywords=data["never"],
    )
    found = previews.preview(wishes, data["size"] or DEFAULT_SIZE, data["minutes"], now)
    return entrance.signup_page(request, form, preview=found)
