"""Addresses of the site."""

from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from digest import api
from digest.periods import PATTERN
from digest.views import feeds, own, papers, public, topics

urlpatterns: list[URLPattern | URLResolver] = [
    path("", public.home, name="home"),
    # Browsers ask for it wherever a page names no icon, as the admin's do not.
    path("favicon.ico", RedirectView.as_view(url=static("icon.svg"), permanent=True)),
    path("trending/", public.formula, name="formula"),
    path("trending.atom", feeds.trending_papers, name="trending-feed"),
    re_path(rf"^papers/(?P<slug>{PATTERN})$", public.period, name="period"),
    re_path(rf"^papers/(?P<slug>{PATTERN})/$", RedirectView.as_view(pattern_name="period", permanent=True)),
    path("papers/<int:paper_id>/", papers.paper, name="paper"),
    re_path(r"^papers/(?P<paper_id>\d+)/citation\.(?P<form>bib|ris)$", papers.citation, name="citation"),
    re_path(r"^arxiv/(?P<arxiv_id>.+?)/?$", papers.arxiv, name="arxiv"),
    path("topics/", topics.topics, name="topics"),
    path("topics/<slug:slug>/", topics.topic, name="topic"),
    path("topics/<slug:slug>/papers.atom", feeds.topic_papers, name="topic-feed"),
    path("api/", api.page, name="interface"),
    path("api/v1/", api.urls),
    path("you/export/", own.export, name="export"),
    path("sample/<str:token>/", own.sample, name="sample"),
    path("", include("subscriptions.urls")),
    path("admin/", admin.site.urls),
]
handler400 = "digest.failures.bad_request"
handler403 = "digest.failures.forbidden"
handler404 = "digest.failures.not_found"
handler500 = "digest.failures.server_error"
if settings.LOCAL_INBOX:
    urlpatterns.append(path("inbox/", include("digest.local.urls")))
