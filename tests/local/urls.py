"""The site's addresses with the local inbox, which the tests' settings leave out."""

from django.urls import include, path

from digest.urls import urlpatterns as site

urlpatterns = [path("inbox/", include("digest.local.urls")), *site]
