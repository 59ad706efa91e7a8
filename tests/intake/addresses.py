"""The webhooks of three providers: one that signs, one that knows a secret only, one whose topics count."""

from django.urls import include, path

from digest.intake import webhooks
from tests.intake import amazon

urlpatterns = [path("events/", include(webhooks.addresses({"amazon_ses", "mailgun", "postmark"}, amazon.certificate_at)))]
