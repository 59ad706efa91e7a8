"""The ways in and out: the relay, and the site's answer to a one-click unsubscription."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from django.conf import settings

from digest.preflight.findings import Finding, Level
from digest.preflight.world import Answer, World
from digest.smtp import Relay, RelayUnclear
from subscriptions import tokens

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def transport(world: World, url: str) -> Iterator[Finding]:
    """Messages reach the relay encrypted, under a certificate that holds, or do not leave this machine."""
    try:
        relay = Relay.parse(url)
    except RelayUnclear as error:
        yield Finding("TLS", Level.FATAL, str(error), "Mend SMTP_URL.")
        return
    if relay.security == "none" and relay.host not in LOOPBACK:
        mend = "Use smtp+starttls or smtps in SMTP_URL: Gmail asks bulk senders for TLS on every hop that it can see."
        yield Finding("TLS", Level.FATAL, f"messages go to {relay} in the clear", mend)
        return
    try:
        greeting = world.greet(relay)
    except OSError as error:
        mend = "Mend SMTP_URL (host, port, name, password, ?ca=), or the relay's certificate."
        yield Finding("TLS", Level.FATAL, f"{relay} does not receive us: {error}", mend)
        return
    if relay.security != "none" and greeting.tls not in {"TLSv1.2", "TLSv1.3"}:
        mend = "Have the relay offer TLS 1.2 or newer (RFC 8996)."
        yield Finding("TLS", Level.FATAL, f"{relay} speaks {greeting.tls or 'no TLS'}", mend)
    else:
        yield Finding("TLS", Level.FINE, f"{relay}: {greeting.tls or 'on this machine'}")
    if "8BITMIME" not in greeting.offers:
        mend = "Nothing needs mending as long as messages are plain ASCII on the wire, as ours are."
        yield Finding("relay", Level.WARNING, f"{relay} offers no 8BITMIME", mend)


def provider(world: World) -> Iterator[Finding]:
    """Messages go to a provider's interface; by the relay go answers to the operator alone, so that it holds nothing back."""
    yield Finding("TLS", Level.FINE, f"messages go to {settings.ANYMAIL_ESP} over HTTPS")
    for each in transport(world, settings.SMTP_URL):
        yield replace(each, check="relay", level=Level.WARNING) if each.level is Level.FATAL else replace(each, check="relay")


def one_click(world: World, site: str) -> Iterator[Finding]:
    """RFC 8058: a POST to a signed link answers 200 at once, over HTTPS; here for a subscription that never was.

    Asked from outside the process, through whatever stands before the site.
    """
    if urlsplit(site).scheme != "https":
        yield Finding("one-click", Level.FATAL, f"{site} is not https", "Serve the site over HTTPS and say so in SITE_URL.")
        return
    try:
        answer = world.post(f"{site}{tokens.unsubscribe_path(0)}", {"List-Unsubscribe": "One-Click"})
    except OSError as error:
        mend = "Let the site answer at SITE_URL, under a certificate that holds; mailbox providers post to it from outside."
        yield Finding("one-click", Level.FATAL, f"{site} does not answer: {error}", mend)
        return
    if answer.status == 200 and answer.outcome:
        yield Finding("one-click", Level.FINE, f"{site} answers")
        return
    problem, mend = _unanswered(answer)
    yield Finding("one-click", Level.FATAL, f"{site} {problem}", mend)


def _unanswered(answer: Answer) -> tuple[str, str]:
    """What is wrong with an answer that is not the unsubscribe page's own, and how to mend it."""
    if answer.status == 200:
        mend = (
            "Pass POST /unsubscribe/ on to this application: something before it (a cache, a challenge, another site) answered."
        )
        return "answers one-click unsubscription with a page that is not ours", mend
    if 300 <= answer.status < 400:
        mend = "Set SITE_URL to the address that answers itself, or have your proxy pass it on: RFC 8058 forbids redirects."
        return f"redirects one-click unsubscription ({answer.status}) to {answer.place or 'nowhere'}", mend
    if answer.status in {401, 403, 405}:
        mend = "Let POST /unsubscribe/ through without a login, cookie or CSRF token: mailbox providers have none (RFC 8058)."
        return f"refuses one-click unsubscription ({answer.status})", mend
    if answer.status == 400:
        mend = (
            "Have your proxy pass on the name it was asked for (nginx: proxy_set_header Host $http_host), or add the name that "
            "it uses to ALLOWED_HOSTS."
        )
        return "answers 400 to one-click unsubscription", mend
    if answer.status == 404:
        mend = "Give the site the same TOKEN_KEYS as this process, and have your proxy pass the path on as it came."
        return "does not know the link of a one-click unsubscription (404)", mend
    mend = "Let POST requests to /unsubscribe/ through your proxy to this application, and see its log for what went wrong."
    return f"answers {answer.status} to one-click unsubscription", mend
