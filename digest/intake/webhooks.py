"""Webhooks of mail providers, as django-anymail reads and verifies them.

Addresses: /events/<provider>/tracking/ and /events/<provider>/inbound/, of the providers in EVENTS_FROM only. A request must
carry the secret of ANYMAIL_WEBHOOK_SECRET and, where the provider signs, its signature. What is refused gets 400 or 403 and
changes nothing; what fails on our side gets 500, and the provider repeats it.
"""

from collections.abc import Callable, Collection

from anymail import urls as anymail_urls
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, inbound, tracking
from anymail.webhooks.amazon_ses import AmazonSESBaseWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase, HttpResponseForbidden
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from digest import bounces
from digest.intake import notifications
from digest.intake.taking import take

View = Callable[..., HttpResponseBase]

SIGNING = {
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mailtrap": "MAILTRAP_TRACKING_SECRET",
    "mandrill": "MANDRILL_WEBHOOK_KEY",
    "postal": "POSTAL_WEBHOOK_KEY",
    "resend": "RESEND_SIGNING_SECRET",
    "sendgrid": "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY",
    "unisender_go": "UNISENDER_GO_API_KEY",
}
"""The providers that sign the events they post, each with the key (in ANYMAIL) that anymail checks them by."""


def of_known_topics(view: type[AmazonSESBaseWebhookView], certificate_at: notifications.CertificateAt) -> View:
    """Amazon's notifications come from a topic on our list and are signed, or nothing is done: anymail looks at neither."""

    class Verified(view):  # type: ignore[misc] # the view is chosen at run time
        def run_validators(self, request: HttpRequest) -> None:
            # The secret comes first, so that strangers cannot have us fetch certificates.
            super().run_validators(request)
            try:
                notifications.verify(request.body, settings.EVENT_TOPICS, timezone.now(), certificate_at)
            except notifications.Forged as error:
                raise AnymailWebhookValidationFailure(f"Amazon's notification was refused: {error}") from error

    verified: View = Verified.as_view()

    @csrf_exempt
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        topic = request.headers.get("x-amz-sns-topic-arn", "")
        if request.method == "POST" and topic not in settings.EVENT_TOPICS:
            return HttpResponseForbidden("this topic is not known here\n", content_type="text/plain")
        return verified(request, *args, **kwargs)

    return guarded


@receiver(tracking)
def on_tracking(sender: object, event: AnymailTrackingEvent, esp_name: str, **_: object) -> None:
    """One event: translated, judged, and done."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    tagged = next((tag for tag in event.tags or () if "@" in str(tag)), "")
    bounces.take(
        bounces.Event(
            provider=esp_name,
            name=str(event.event_id or ""),
            kind=str(event.event_type),
            happened_at=event.timestamp,
            recipient=str(event.recipient or ""),
            message_id=str(event.message_id or ""),
            return_path=str(metadata.get("return-path") or tagged),
            reason=str(event.reject_reason or ""),
            said=" ".join(filter(None, (event.mta_response, event.description)))[:2000],
        ),
        timezone.now(),
    )


@receiver(inbound)
def on_inbound(sender: object, event: AnymailInboundEvent, esp_name: str, **_: object) -> None:
    """One message that came back by way of the provider."""
    message = event.message
    if isinstance(message, AnymailInboundMessage):
        take(message.as_bytes(), timezone.now(), message.envelope_recipient or "")


def addresses(
    providers: Collection[str], certificate_at: notifications.CertificateAt = notifications.amazons
) -> list[URLPattern | URLResolver]:
    """The webhooks of these providers. Raises ImproperlyConfigured for one that is none."""
    known = {str(each.pattern).lstrip("^").partition("/")[0] for each in anymail_urls.urlpatterns}
    if unknown := set(providers) - known:
        raise ImproperlyConfigured(
            f"EVENTS_FROM names {', '.join(sorted(unknown))}, which is no provider. It takes {', '.join(sorted(known))}."
        )
    chosen: list[URLPattern | URLResolver] = []
    for pattern in anymail_urls.urlpatterns:
        provider, _, rest = str(pattern.pattern).lstrip("^").partition("/")
        if provider in providers:
            view = pattern.callback
            # Mailgun sends the message as it came only to an address that has "mime" in it.
            route = "inbound_mime/" if rest.startswith("inbound(_mime)?") else rest
            ours = of_known_topics(view.view_class, certificate_at) if provider == "amazon_ses" else view
            chosen.append(path(f"{provider}/{route}", ours))
    return chosen


def unsigned(providers: Collection[str]) -> list[str]:
    """The keys that are missing of those providers, which sign what they post: without, whoever knows the secret can forge."""
    return [SIGNING[each] for each in sorted(providers) if each in SIGNING and not settings.ANYMAIL.get(SIGNING[each])]


urlpatterns = addresses(settings.EVENTS_FROM)
