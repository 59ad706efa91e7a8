"""Addresses of the site."""

from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from digest.views import own, papers, public

urlpatterns: list[URLPattern | URLResolver] = [
    path("", public.home, name="home"),
    # Browsers ask for it wherever a page names no icon, as the admin's do not.
    path("favicon.ico", RedirectView.as_view(url=static("icon.svg"), permanent=True)),
    path("papers/<int:paper_id>/", papers.paper, name="paper"),
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
