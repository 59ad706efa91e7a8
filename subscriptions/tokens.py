"""Signed tokens: a few whole numbers and a keyed hash over them. No address, nothing stored, nothing to leak.

A token is good for its scope alone. Keys rotate: the first of TOKEN_KEYS signs, all of them verify.
"""

import functools
import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Callable
from enum import StrEnum

from django.conf import settings
from django.urls import reverse

from subscriptions.models import Notice

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_MAC_OCTETS = 16  # 128 bits, beyond guessing; a token stays near 30 characters
_MAC_CHARACTERS = 22  # without the padding of base64
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Scope(StrEnum):
    """What a token allows; at most 16 octets each, for they become BLAKE2b's `person` parameter."""

    UNSUBSCRIBE = "unsubscribe"
    MESSAGE = "message"
    CONFIRM = "confirm"
    LINK = "link"
    ADDRESS = "address"
    SESSION = "session"
    ISSUE = "issue"
    FEED = "feed"
    UNDO = "undo"
    FORM = "form"
    PROOF = "proof"


_NOTICES = {
    Notice.Kind.CONFIRMATION: (Scope.CONFIRM, "confirm"),
    Notice.Kind.MAGIC_LINK: (Scope.LINK, "session"),
    Notice.Kind.ADDRESS_CONFIRMATION: (Scope.ADDRESS, "address"),
}


@functools.lru_cache(maxsize=64)
def _keyed(secret: str, scope: str) -> "hashlib.blake2b":
    """A hash that has taken the key in already; every token begins from a copy of it."""
    # A BLAKE2b key has 64 octets at most (RFC 7693), and a setting may be longer.
    key = hashlib.blake2b(secret.encode()).digest()
    return hashlib.blake2b(key=key, person=scope.encode(), digest_size=_MAC_OCTETS)


def _mac(secret: str, scope: Scope, payload: str) -> str:
    return _finished(_keyed(secret, scope), payload)


def _finished(started: "hashlib.blake2b", payload: str) -> str:
    digest = started.copy()
    digest.update(payload.encode())
    return b2a_base64(digest.digest(), newline=False)[:_MAC_CHARACTERS].translate(_URL_SAFE).decode()


def _base36(number: int) -> str:
    if number < 0:
        raise ValueError(f"A token holds whole numbers from 0; {number} is none.")
    digits = ""
    while number >= len(_PAIRS):
        number, pair = divmod(number, len(_PAIRS))
        digits = _PAIRS[pair] + digits
    return _PAIRS[number].lstrip("0") + digits if number else digits or "0"


@functools.lru_cache(maxsize=8192)
def _route(name: str, *rest: int | str) -> tuple[str, str]:
    """What stands before and after the token. Resolving a route costs more than signing, and every message has many."""
    before, _, after = reverse(name, args=["token", *rest]).partition("token")
    return before, after


def _path(name: str, token: str, *rest: int | str) -> str:
    # A token's characters are safe in a path, so nothing needs quoting.
    before, after = _route(name, *rest)
    return f"{before}{token}{after}"


def sign(scope: Scope, *numbers: int) -> str:
    """The token of these numbers: `<base36>.<base36>.<22 characters>`, safe in a URL."""
    return signer(scope)(*numbers)


def signer(scope: Scope) -> Callable[..., str]:
    """`sign` with the scope given: the key is looked up once, for the thousands of tokens of a run."""
    started = _keyed(settings.TOKEN_KEYS[0], scope)

    def signed(*numbers: int) -> str:
        payload = ".".join(map(_base36, numbers))
        return f"{payload}.{_finished(started, payload)}"

    return signed


def read(scope: Scope, token: str) -> tuple[int, ...] | None:
    """The numbers that were signed for this scope, or None for a token that was not."""
    payload, _, mac = token.rpartition(".")
    given = mac.encode()
    genuine = [hmac.compare_digest(_mac(secret, scope, payload).encode(), given) for secret in settings.TOKEN_KEYS]
    return tuple(int(each, 36) for each in payload.split(".")) if any(genuine) else None


def unsubscribe_path(subscription_id: int) -> str:
    """Where a subscription ends: GET asks, POST acts (RFC 8058). Never expires."""
    return _path("unsubscribe", sign(Scope.UNSUBSCRIBE, subscription_id))


def message_token(subscription_id: int, generation: int) -> str:
    """The one token of a digest's links: a digest may be forwarded, so what it opens shows and changes nothing personal.

    `generation` is the subscriber's `token_generation`: raising that revokes the links.
    """
    return sign(Scope.MESSAGE, subscription_id, generation)


def preferences_path(subscription_id: int, generation: int) -> str:
    """Where a digest's subjects, schedule and pauses are changed, by its message token."""
    return _path("preferences", message_token(subscription_id, generation))


def feedback_path(token: str, paper_id: int, vote: str) -> str:
    """Where a message token's digest votes on a paper. `vote`: more, less, save or mute. GET asks, POST votes."""
    return _path("feedback", token, paper_id, vote)


def stop_interest_path(token: str, interest_id: int) -> str:
    """Where a message token's digest stops matching on one of its interests. GET asks, POST stops it."""
    return _path("stop-interest", token, interest_id)


def issue_path(issue_id: int, generation: int) -> str:
    """An issue in the browser: private, revoked with the subscriber's `token_generation`; it shows what was mailed."""
    return _path("issue", sign(Scope.ISSUE, issue_id, generation))


def feed_path(subscription_id: int, generation: int, form: str) -> str:
    """The private feed of one digest. `form`: atom or json; `generation` is the subscription's own `feed_generation`.

    It was never mailed, so it outlives a change of address; only a new feed address revokes it.
    """
    return _path(f"feed-{form}", sign(Scope.FEED, subscription_id, generation))


def notice_path(notice: Notice) -> str:
    """The link of a notice, derived from its id: no live secret is stored. Raises KeyError for a kind that has no link."""
    scope, name = _NOTICES[Notice.Kind(notice.kind)]
    return _path(name, sign(scope, notice.pk))


def read_notice(kind: Notice.Kind, token: str) -> int | None:
    """The id of the notice whose link this is, or None."""
    numbers = read(_NOTICES[kind][0], token)
    return numbers[0] if numbers and len(numbers) == 1 else None
