"""Faults to Sentry, where the operator wants that: nothing personal goes along, and nothing is sent without SENTRY_DSN."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from digest.observability.logs import strike


def _without_addresses(event: Any, _hint: Any) -> Any:
    """Neither addresses nor the path, the query and the cookies of a request, which hold tokens."""
    event.pop("request", None)
    event.pop("user", None)
    return strike(event)


def start(dsn: str, **options: Any) -> None:
    """Report faults of this process. ImproperlyConfigured where Sentry's package is not installed.

    `options` are those of sentry_sdk.init, for a transport of one's own.
    """
    try:
        import sentry_sdk
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, and sentry-sdk is not installed. Install it (pip install sentry-sdk), or unset SENTRY_DSN."
        ) from error
    try:
        sentry_sdk.init(
            dsn=dsn,
            include_local_variables=False,
            before_send=_without_addresses,
            # Faults alone: a trace names the path of each request, and paths hold tokens.
            traces_sample_rate=None,
            **options,
        )
    except sentry_sdk.utils.BadDsn as error:
        raise ImproperlyConfigured(
            f"SENTRY_DSN cannot be read ({error}). Copy it from Sentry's page of client keys; for example "
            "SENTRY_DSN=https://key@sentry.example.org/1"
        ) from error
