"""Addresses of the pages that belong to one person. A token is matched as any text: what it is worth, its signature says."""

from django.urls import URLPattern, path

from subscriptions import entrance, views, you

urlpatterns: list[URLPattern] = [
    path("subscribe/", entrance.subscribe, name="subscribe"),
    path("subscribe/challenge/", entrance.challenge, name="challenge"),
    path("preferences/", entrance.link, name="link"),
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("preferences/<str:token>/", views.preferences_page, name="preferences"),
    path("session/<str:token>/", views.open_session, name="session"),
    path("address/<str:token>/", views.new_address, name="address"),
    path("you/", you.you, name="you"),
    path("you/digests/new/", you.new_digest, name="new-digest"),
    path("you/digests/<int:subscription_id>/", you.digest, name="your-digest"),
    path("you/address/", you.address, name="your-address"),
    path("you/erase/", you.erase, name="erase"),
    path("you/leave/", you.leave, name="leave"),
]
