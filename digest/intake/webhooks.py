"""Webhooks of mail providers, as django-anymail reads and verifies them.

Addresses: /events/<provider>/tracking/ and /events/<provider>/inbound/, of the providers in EVENTS_FROM only. A request must
carry the secret of ANYMAIL_WEBHOOK_SECRET and, where the provider signs, its signature. What is refused gets 400 or 403 and
changes nothing; what fails on our side gets 500, and the provider repeats it.
"""

from collections.abc import Callable, Collection

from anymail import urls as anymail_urls
from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, inbound, tracking
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase, HttpResponseForbidden
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from digest import bounces
from digest.intake.taking import take

View = Callable[..., HttpResponseBase]


def of_known_topics(view: View) -> View:
    """Amazon's notifications come from a topic on our list, or not at all: anybody can make a topic that points here."""

    @csrf_exempt
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        topic = request.headers.get("x-amz-sns-topic-arn", "")
        if request.method == "POST" and topic not in settings.EVENT_TOPICS:
            return HttpResponseForbidden("this topic is not known here\n", content_type="text/plain")
        return view(request, *args, **kwargs)

    return guarded


@receiver(tracking)
def on_tracking(sender: object, event: AnymailTrackingEvent, esp_name: str, **_: object) -> None:
    """One event: translated, judged, and done."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    bounces.take(
        bounces.Event(
            provider=esp_name,
            name=str(event.event_id or ""),
            kind=str(event.event_type),
            happened_at=event.timestamp,
            recipient=str(event.recipient or ""),
            message_id=str(event.message_id or ""),
            return_path=str(metadata.get("return-path", "")),
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


def addresses(providers: Collection[str]) -> list[URLPattern | URLResolver]:
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
            chosen.append(path(f"{provider}/{route}", of_known_topics(view) if provider == "amazon_ses" else view))
    return chosen


urlpatterns = addresses(settings.EVENTS_FROM)
