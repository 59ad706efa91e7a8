"""An answer that a person wrote, handed over to the operator's mailbox."""

import smtplib

from django.conf import settings

from digest.messages import Outgoing
from digest.smtp import Relay

_SECONDS = 60


def hand_over(message: Outgoing) -> None:
    """Give one message to the relay. Raises OSError (smtplib's errors among them) when it did not take it."""
    relay = Relay.parse(settings.SMTP_URL)
    with _connected(relay) as server:
        if relay.security == "starttls":
            server.starttls(context=relay.tls())
        if relay.username:
            server.login(relay.username, relay.password)
        server.sendmail(message.envelope_sender, [message.recipient], message.content)


def _connected(relay: Relay) -> smtplib.SMTP:
    if relay.security == "tls":
        return smtplib.SMTP_SSL(relay.host, relay.port, timeout=_SECONDS, context=relay.tls())
    return smtplib.SMTP(relay.host, relay.port, timeout=_SECONDS)
