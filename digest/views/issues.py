"""Issues after they were mailed: one in the browser, all of them in the archive, the newest in a private feed."""

import datetime as dt
import json
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_safe

from digest.issues import reading
from digest.issues.contents import Choice
from digest.issues.loading import Letter
from digest.issues.places import absolute, page_url
from digest.models import Issue
from subscriptions import pages, preferences, tokens, you
from subscriptions.models import Subscriber, Subscription

_ISSUES_IN_FEED = 10
_ON_A_PAGE = 50
# An issue is a message: its colours and sizes stand on its elements, and nothing in it runs.
_MAILED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@require_safe
def issue(request: HttpRequest, token: str) -> HttpResponse:
    """View in browser: the issue as it was mailed; for nobody but its reader, and whoever it was forwarded to."""
    found = reading.of_token(token)
    response = HttpResponse(reading.page(found)) if found else pages.gone(request)
    if found:
        response.headers["Content-Security-Policy"] = _MAILED
    return _hidden(response)


@you.signed_in
def archive(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Every issue of one's own, the newest first, digest by digest; `?digest=` names one, `?page=` goes back in time."""
    if request.method == "POST":
        return redirect("archive")
    digests = list(subscriber.subscriptions.select_related("subscriber").exclude(issues=None).order_by("id"))
    number = request.GET.get("digest", "")
    chosen = next((each for each in digests if str(each.pk) == number), digests[0] if digests else None)
    page = Paginator(reading.of_subscription(chosen.pk if chosen else 0), _ON_A_PAGE).get_page(request.GET.get("page"))
    zone = ZoneInfo(subscriber.time_zone)
    context = {
        "digests": digests,
        "chosen": chosen,
        "page": page,
        "issues": [
            {
                "subject": reading.subject(letter),
                "number": each.number,
                "day": pages.day(each.due_at, zone),
                "shown": len(each.paper_ids),
                "path": tokens.issue_path(each.pk, subscriber.token_generation),
            }
            for each, letter in reading.read(list(page.object_list))
        ],
    }
    return render(request, "web/archive.html.jinja", context)


@you.signed_in
def feeds(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """The private feeds' addresses; POST makes a new one for a digest, and the old one leads nowhere."""
    renewed = 0
    number = request.POST.get("digest", "")
    if request.method == "POST" and number.isdecimal() and preferences.renew_feed(subscriber, int(number)):
        renewed = int(number)
    digests = [
        {
            "digest": each,
            "addresses": [
                (name, absolute(tokens.feed_path(each.pk, each.feed_generation, form)))
                for name, form in (("Atom", "atom"), ("JSON Feed", "json"))
            ],
            "renewed": each.pk == renewed,
        }
        for each in subscriber.subscriptions.live().order_by("id")
    ]
    return render(request, "web/feeds.html.jinja", {"digests": digests, "proof": you.proof(request)})


@require_safe
def feed_atom(request: HttpRequest, token: str) -> HttpResponse:
    """The newest issues as Atom (RFC 4287), an entry for each."""
    subscription = preferences.of_feed(token)
    if subscription is None:
        return _hidden(pages.gone(request))
    read = _newest(subscription)
    feed = Atom1Feed(
        title=_title(subscription),
        link=settings.SITE_URL + "/",
        description="",
        subtitle="The papers chosen for you, and why.",
        feed_url=absolute(request.path),
        feed_guid=_tag(subscription, "digest"),
        language="en",
    )
    for found, letter in read:
        feed.add_item(
            title=reading.subject(letter),
            link=absolute(tokens.issue_path(found.pk, subscription.subscriber.token_generation)),
            description=_summary(letter),
            unique_id=_tag(subscription, f"issue-{found.pk}"),
            pubdate=found.published_at,
            updateddate=found.published_at,
        )
    return _hidden(HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8"))


@require_safe
def feed_json(request: HttpRequest, token: str) -> HttpResponse:
    """The newest issues as JSON Feed 1.1 (jsonfeed.org/version/1.1), an item for each."""
    subscription = preferences.of_feed(token)
    if subscription is None:
        return _hidden(pages.gone(request))
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(subscription),
        "home_page_url": settings.SITE_URL + "/",
        "feed_url": absolute(request.path),
        "description": "The papers chosen for you, and why.",
        "language": "en",
        "items": [
            {
                "id": _tag(subscription, f"issue-{found.pk}"),
                "url": absolute(tokens.issue_path(found.pk, subscription.subscriber.token_generation)),
                "title": reading.subject(letter),
                "content_html": _summary(letter),
                "date_published": found.published_at.astimezone(dt.UTC).isoformat(),
            }
            for found, letter in _newest(subscription)
        ],
    }
    body = json.dumps(feed, ensure_ascii=False, indent=1)
    return _hidden(HttpResponse(body, content_type="application/feed+json; charset=utf-8"))


def _newest(subscription: Subscription) -> list[tuple[Issue, Letter]]:
    return reading.read(list(reading.of_subscription(subscription.pk)[:_ISSUES_IN_FEED]))


def _title(subscription: Subscription) -> str:
    return f"{settings.SITE_NAME}: {subscription.name}" if subscription.name else settings.SITE_NAME


def _tag(subscription: Subscription, name: str) -> str:
    """An identifier that outlives every address (RFC 4151)."""
    host = settings.SITE_URL.partition("://")[2].partition("/")[0].partition(":")[0]
    return f"tag:{host},{subscription.created_at:%Y-%m-%d}:{subscription.pk}/{name}"


def _summary(letter: Letter) -> str:
    """The papers of an issue as a list, each with why it is there."""
    return format_html("<ol>{}</ol>", format_html_join("", "<li>{}</li>", ((_item(each),) for each in letter.contents.choices)))


def _item(choice: Choice) -> str:
    paper = choice.paper
    parts: Sequence[str] = [
        format_html('<p><a href="{}">{}</a></p>', page_url(paper.id), paper.title),
        format_html("<p>{}</p>", ", ".join(paper.authors)) if paper.authors else "",
        format_html("<p>{}</p>", paper.abstract) if paper.abstract else "",
        format_html("<p><em>{}</em></p>", "; ".join(choice.reasons)) if choice.reasons else "",
    ]
    return format_html_join("", "{}", ((part,) for part in parts))


def _hidden(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, no_store=True)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
