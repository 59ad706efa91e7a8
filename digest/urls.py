"""Addresses of the site."""

from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from digest import api
from digest.access import second_factor
from digest.admin.urls import desk
from digest.periods import PATTERN
from digest.views import community, feedback, feeds, issues, own, papers, previews, public, search, topics, votes

# Unfold puts these before the admin's own addresses, in its namespace.
admin.site.extra_urls = lambda: desk  # type: ignore[attr-defined]  # of Unfold's site

urlpatterns: list[URLPattern | URLResolver] = [
    path("", public.home, name="home"),
    path("", include("subscriptions.urls")),
    # Browsers ask for it wherever a page names no icon, as the admin's do not.
    path("favicon.ico", RedirectView.as_view(url=static("icon.svg"), permanent=True)),
    path("trending/", public.formula, name="formula"),
    path("trending.atom", feeds.trending_papers, name="trending-feed"),
    re_path(rf"^papers/(?P<slug>{PATTERN})$", public.period, name="period"),
    re_path(rf"^papers/(?P<slug>{PATTERN})/$", RedirectView.as_view(pattern_name="period", permanent=True)),
    path("papers/<int:paper_id>/", papers.paper, name="paper"),
    path("search/", search.found, name="search"),
    path("search/suggest/", search.suggested, name="suggest"),
    re_path(r"^papers/(?P<paper_id>\d+)/citation\.(?P<form>bib|ris)$", papers.citation, name="citation"),
    re_path(r"^arxiv/(?P<arxiv_id>.+?)/?$", papers.arxiv, name="arxiv"),
    path("topics/", topics.topics, name="topics"),
    path("topics/<slug:slug>/", topics.topic, name="topic"),
    path("topics/<slug:slug>/papers.atom", feeds.topic_papers, name="topic-feed"),
    path("api/", api.page, name="interface"),
    path("api/v1/", api.urls),
    path("you/export/", own.export, name="export"),
    path("sample/<str:token>/", own.sample, name="sample"),
    path("feedback/<str:token>/<int:paper_id>/<str:vote>/", feedback.vote, name="feedback"),
    path("feedback/<str:token>/interest/<int:interest_id>/", feedback.stop_interest, name="stop-interest"),
    path("subscribe/preview/", previews.preview, name="preview"),
    path("issues/<str:token>/", issues.issue, name="issue"),
    path("feeds/<str:token>/digest.atom", issues.feed_atom, name="feed-atom"),
    path("feeds/<str:token>/digest.json", issues.feed_json, name="feed-json"),
    path("submit/", community.submit, name="submit"),
    path("you/submissions/", community.submitted, name="submissions"),
    path("you/submissions/<int:submission_id>/", community.submission, name="submission"),
    path("you/upvotes/<int:paper_id>/", community.upvote, name="upvote"),
    path("you/issues/", issues.archive, name="archive"),
    path("you/feeds/", issues.feeds, name="feeds"),
    path("you/saved/", votes.saved, name="saved"),
    path("you/saved/papers.bib", votes.bibtex, name="saved-bibtex"),
    path("you/votes/", votes.votes, name="votes"),
    path("admin/second-factor/", second_factor.second_factor, name="second-factor"),
    path("admin/", admin.site.urls),
]
handler400 = "digest.failures.bad_request"
handler403 = "digest.failures.forbidden"
handler404 = "digest.failures.not_found"
handler500 = "digest.failures.server_error"
if settings.EVENTS_FROM:
    urlpatterns.append(path("events/", include("digest.intake.webhooks")))
if settings.LOCAL_INBOX:
    urlpatterns.append(path("inbox/", include("digest.local.urls")))
