"""Idempotency keys: of two requests with one key, the provider makes one message.

The key follows from the Message-ID, which is the same on every try; so what is sent again because its fate is unknown arrives
once. Of anymail's providers two document such keys: Resend (for a day) and Brevo (for half an hour). With the
others the Message-ID alone tells that two are one.
"""

import uuid
from typing import Any

from django.core.mail import EmailMessage

KEYED = frozenset({"resend", "brevo"})


def add(provider: str, backend: Any, message: EmailMessage, message_id: str) -> None:
    """Give the request that will carry `message` its key, where the provider knows any; `backend` is anymail's."""
    if provider == "resend":
        # https://resend.com/docs/dashboard/emails/idempotency-keys
        backend.session.headers["Idempotency-Key"] = message_id.strip("<>")
    elif provider == "brevo":
        # A UUID among the message's headers (https://developers.brevo.com/docs/heterogenous-versions-batch-emails).
        message.extra_headers["idempotencyKey"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"mid:{message_id.strip('<>')}"))
