"""Checks for `manage.py check --deploy`: what would go wrong in production, before it does.

Each message says what was found, why it matters, and how to mend it. They look at the settings and, where they can, at the
database and Redis; one that does not answer is an error of its own.
"""

import datetime as dt
import os
from collections.abc import Callable, Iterator, Sequence
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.utils import timezone

from digest import environment
from digest.environment import BASE, read_env_file
from digest.intake import webhooks

SKEW = dt.timedelta(seconds=2)
"""Leases run by the database's clock and windows by ours; further apart they disagree about what is due."""
_EXAMPLES = read_env_file(BASE / ".env.example")


def _error(number: int, found: str, hint: str) -> checks.Error:
    return checks.Error(found, hint=hint, id=f"digest.E1{number:02}")


def _warning(number: int, found: str, hint: str) -> checks.Warning:
    return checks.Warning(found, hint=hint, id=f"digest.W1{number:02}")


def _site() -> Iterator[checks.CheckMessage]:
    if urlsplit(settings.SITE_URL).scheme != "https":
        yield _error(
            1,
            f"SITE_URL is {settings.SITE_URL}: links in messages, and the one-click unsubscribe, would go unencrypted.",
            "Serve the site by https and say so: SITE_URL=https://…; RFC 8058 asks for https.",
        )


def _senders() -> Iterator[checks.CheckMessage]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    for name in ("DIGEST_FROM", "NOTICE_FROM", "BOUNCE_ADDRESS"):
        domain = parseaddr(getattr(settings, name))[1].rpartition("@")[2].lower()
        if not _related(domain, host):
            yield _warning(
                2,
                f"{name} sends from {domain or 'no domain'}, and the site is {host}.",
                "Receivers trust a list whose sender and links share a domain; use one for both, or subdomains of one.",
            )
    if settings.DIGEST_FROM == settings.NOTICE_FROM:
        yield _warning(
            3,
            "DIGEST_FROM and NOTICE_FROM are the same: a blocked digest would block confirmations as well.",
            "Give confirmations a sender of their own.",
        )


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}") or _parent(one) == _parent(other)


def _parent(domain: str) -> str:
    """The domain without its first label, or itself where that would leave a single label."""
    _, _, rest = domain.partition(".")
    return rest if "." in rest else domain


def _words() -> Iterator[checks.CheckMessage]:
    if _EXAMPLES.get("POSTAL_ADDRESS", "").strip('"') == settings.POSTAL_ADDRESS:
        yield _error(
            4,
            "POSTAL_ADDRESS is that of the example.",
            "Set the address where the list's operator can be reached; the law asks for it in every message.",
        )
    if not settings.OPERATOR_ADDRESS:
        yield _warning(
            5, "OPERATOR_ADDRESS is not set: alarms go to the sender's own address.", "Set it to an address that someone reads."
        )


def _secrets() -> Iterator[checks.CheckMessage]:
    given = [settings.SECRET_KEY, *settings.TOKEN_KEYS, settings.IDENTITY_KEY]
    if len(set(given)) < len(given):
        yield _error(
            6,
            "Two of SECRET_KEY, TOKEN_KEYS and IDENTITY_KEY are the same: whoever learns one has both.",
            "Give each its own `openssl rand -hex 32`. Once people have subscribed, IDENTITY_KEY must stay as it is.",
        )
    if any(len(set(each)) < 8 for each in given):
        yield _error(7, "A secret repeats a few characters and can be guessed.", "Make it anew with `openssl rand -hex 32`.")


def _local() -> Iterator[checks.CheckMessage]:
    if settings.LOCAL_INBOX:
        yield _error(
            8, "LOCAL_INBOX is set: /inbox/ shows every message to everyone.", "Unset it; it belongs to `make run` alone."
        )


def _places() -> Iterator[checks.CheckMessage]:
    for name, place in (("SAFETY_LOG", Path(settings.SAFETY_LOG).parent), ("PAPER_ROUND_VAR", environment.VAR)):
        if not _writable(place):
            yield _error(
                18,
                f"{name}: this account cannot write in {place}.",
                f"Make the directory, give it to this account, or set {name}=…",
            )
    if Path(settings.SAFETY_LOG).is_dir():
        yield _error(
            19, f"SAFETY_LOG is {settings.SAFETY_LOG}, a directory.", "Name a file: SAFETY_LOG=/var/lib/paper-round/safety.log"
        )


def _writable(place: Path) -> bool:
    """Whether this account may write there, or in the nearest directory above that exists and may hold it."""
    found = next((each for each in (place, *place.parents) if each.exists()), None)
    return found is not None and found.is_dir() and os.access(found, os.W_OK | os.X_OK)


def _debug() -> Iterator[checks.CheckMessage]:
    if settings.DEBUG:
        yield _error(20, "DEBUG is on: every fault shows its variables to whoever meets it.", "Set DEBUG=0.")


def _admin() -> Iterator[checks.CheckMessage]:
    if not settings.SECOND_FACTOR:
        yield _error(15, "SECOND_FACTOR is off: a password alone opens every address on the list.", "Set SECOND_FACTOR=1.")


def _webhooks() -> Iterator[checks.CheckMessage]:
    for key in webhooks.unsigned(settings.EVENTS_FROM):
        yield _error(
            16,
            f"ANYMAIL_{key} is not set, and its provider signs what it posts: whoever learns the secret can forge events.",
            f"Copy the key from the provider's page on webhooks: ANYMAIL_{key}=…",
        )
    if "amazon_ses" in settings.EVENTS_FROM and not settings.EVENT_TOPICS:
        yield _error(
            17,
            "EVENT_TOPICS is empty, so all of Amazon's notifications are refused.",
            "List the topics: EVENT_TOPICS=arn:aws:sns:…",
        )


def _redis() -> Iterator[checks.CheckMessage]:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5) as client:
            policy = str(client.config_get("maxmemory-policy").get("maxmemory-policy", ""))
            kept = client.config_get("appendonly").get("appendonly") == "yes" or client.config_get("save").get("save")
    except redis.ResponseError:
        return  # a hosted Redis keeps CONFIG to itself
    except (redis.RedisError, OSError) as error:
        yield _error(9, f"Redis does not answer at REDIS_URL ({type(error).__name__}).", "Start it, or correct REDIS_URL.")
        return
    if policy not in {"", "noeviction"}:
        yield _error(
            10, f"Redis evicts keys when its memory is full ({policy}), hints among them.", "Set maxmemory-policy noeviction."
        )
    if not kept:
        yield _warning(
            11,
            "Redis keeps nothing on disk: a restart forgets hints and rates. Nothing is lost, but waits for the next sweep.",
            "Set appendonly yes.",
        )


def _clock() -> Iterator[checks.CheckMessage]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp(), current_setting('server_version_num')::int")
            theirs, version = cursor.fetchone()
    except DatabaseError as error:
        yield _error(
            12, f"PostgreSQL does not answer at DATABASE_URL ({type(error).__name__}).", "Start it, or correct the URL."
        )
        return
    apart = abs(timezone.now() - theirs)
    if apart > SKEW:
        yield _error(
            13,
            f"This host's clock and the database's are {apart.total_seconds():.0f} s apart.",
            "Have both keep time by NTP (chrony, systemd-timesyncd).",
        )
    if version < 150000:
        yield _error(14, f"PostgreSQL {version // 10000} is too old.", "Use 15 or newer; the tests run on 18.")


_CHECKS: tuple[Callable[[], Iterator[checks.CheckMessage]], ...] = (
    _site, _senders, _words, _secrets, _local, _places, _debug, _admin, _webhooks, _redis, _clock,
)  # fmt: skip


@checks.register("deployment", deploy=True)
def ready_for_production(app_configs: Sequence[object] | None, **options: object) -> list[checks.CheckMessage]:
    """All findings, in the order of the functions above."""
    return [found for check in _CHECKS for found in check()]
