"""Addresses of the site."""

from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from digest.access import second_factor
from digest.views import feedback, issues, own, papers, previews, public, votes

urlpatterns: list[URLPattern | URLResolver] = [
    path("", public.home, name="home"),
    # Browsers ask for it wherever a page names no icon, as the admin's do not.
    path("favicon.ico", RedirectView.as_view(url=static("icon.svg"), permanent=True)),
    path("papers/<int:paper_id>/", papers.paper, name="paper"),
    path("you/export/", own.export, name="export"),
    path("sample/<str:token>/", own.sample, name="sample"),
    path("feedback/<str:token>/<int:paper_id>/<str:vote>/", feedback.vote, name="feedback"),
    path("feedback/<str:token>/interest/<int:interest_id>/", feedback.stop_interest, name="stop-interest"),
    path("subscribe/preview/", previews.preview, name="preview"),
    path("issues/<str:token>/", issues.issue, name="issue"),
    path("feeds/<str:token>/digest.atom", issues.feed_atom, name="feed-atom"),
    path("feeds/<str:token>/digest.json", issues.feed_json, name="feed-json"),
    path("you/issues/", issues.archive, name="archive"),
    path("you/feeds/", issues.feeds, name="feeds"),
    path("you/saved/", votes.saved, name="saved"),
    path("you/saved/papers.bib", votes.bibtex, name="saved-bibtex"),
    path("you/votes/", votes.votes, name="votes"),
    path("", include("subscriptions.urls")),
    path("admin/second-factor/", second_factor.second_factor, name="second-factor"),
    path("admin/", admin.site.urls),
]
handler400 = "digest.failures.bad_request"
handler403 = "digest.failures.forbidden"
handler404 = "digest.failures.not_found"
handler500 = "digest.failures.server_error"
if settings.LOCAL_INBOX:
    urlpatterns.append(path("inbox/", include("digest.local.urls")))
