"""Addresses that exist only in a local run."""

from django.urls import path

from digest.local import views

app_name = "inbox"
urlpatterns = [
    path("", views.inbox, name="list"),
    path("send/<int:subscription_id>/", views.send, name="send"),
    path("<str:key>/", views.message, name="message"),
    path("<str:key>/html/", views.html, name="html"),
    path("<str:key>/source/", views.source, name="source"),
]
