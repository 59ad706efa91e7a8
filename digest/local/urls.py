"""Addresses that exist only in a local run."""

from django.urls import URLPattern

app_name = "inbox"
urlpatterns: list[URLPattern] = []
