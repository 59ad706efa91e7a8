"""Addresses of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from digest import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("papers/<int:paper_id>/", views.paper, name="paper"),
    path("you/export/", views.export, name="export"),
    path("", include("subscriptions.urls")),
    path("admin/", admin.site.urls),
]
handler400 = "digest.failures.bad_request"
handler403 = "digest.failures.forbidden"
handler404 = "digest.failures.not_found"
handler500 = "digest.failures.server_error"
if settings.LOCAL_INBOX:
    urlpatterns.append(path("inbox/", include("digest.local.urls")))
