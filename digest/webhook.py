"""Alarms to a webhook beside the mail: when the relay is what failed, mail cannot say so.

The body is JSON that the common chat services take (`text`) and that a program can read (the rest).
"""

import datetime as dt
import logging

import httpx2
from django.conf import settings

_log = logging.getLogger(__name__)
_PATIENCE = 10.0


def post(key: str, happened: str, safe: str, todo: str, since: dt.datetime) -> bool:
    """Tell ALARM_WEBHOOK; whether it was told. False without one, or when it does not take it: the next look tries again."""
    if not settings.ALARM_WEBHOOK:
        return False
    body = {
        "text": f"{settings.SITE_NAME}: {happened} {safe} {todo}",
        "alarm": key,
        "happened": happened,
        "safe": safe,
        "todo": todo,
        "since": since.isoformat(),
        "site": settings.SITE_URL,
    }
    try:
        httpx2.post(settings.ALARM_WEBHOOK, json=body, timeout=_PATIENCE).raise_for_status()
    except httpx2.HTTPError as error:
        _log.warning("The alarm's webhook did not take it: %s", type(error).__name__)
        return False
    return True
