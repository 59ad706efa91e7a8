"""Proof of work before a sign-up (ALTCHA): a browser computes for a second, which costs a person nothing and a flood much.

PROOF_OF_WORK says when it is asked for: "never", "near" (half of a limit is used up: then most of what comes is a flood) or
"always". A challenge is signed and kept nowhere; its solution counts once, while the challenge lives. Whoever has no
JavaScript is let in without, as long as few are: one from a network, and a share of the hour's in all.
"""

import datetime as dt
import uuid
from typing import Literal

import altcha
from django.conf import settings
from django.utils.crypto import salted_hmac

from subscriptions import limits

ALGORITHM = "PBKDF2/SHA-256"
# A challenge takes 256 tries of so many rounds on average: half a second on a laptop, two on an old phone.
_COST, _PREFIX = 5_000, "00"
LIVES = dt.timedelta(minutes=20)
_LONGEST = 4_000


def challenge(now: dt.datetime) -> dict[str, object]:
    """A new challenge, as the widget reads it."""
    made = altcha.create_challenge(ALGORITHM, _COST, key_prefix=_PREFIX, expires_at=now + LIVES, hmac_secret=_secret())
    return dict(made.to_dict())


def asked_for(network: str, now: dt.datetime) -> bool:
    """Whether a sign-up from this network has to show work now."""
    match settings.PROOF_OF_WORK:
        case "always":
            return True
        case "near":
            return limits.share_used(limits.of_network(network) + limits.of_all_requests(), now) >= 0.5
        case _:
            return False


def shown(typed: str, network: str, now: dt.datetime) -> Literal["solved", "few", ""]:
    """What lets a sign-up in: a `solved` challenge, or that `few` came without one; nothing else does.

    With Redis away no solution can be known to be new, so none counts, and all are let in that the limits let in: these are
    counted in PostgreSQL then.
    """
    if typed and _solved(typed):
        used = limits.first(f"work:{_name(typed)}", LIVES)
        return "" if used is False else "solved"
    return "few" if limits.take(limits.of_workless(network), uuid.uuid4().hex, now) is None else ""


def _solved(typed: str) -> bool:
    if len(typed) > _LONGEST or not typed.isascii():
        return False
    try:
        return bool(altcha.verify_solution(typed, _secret()).verified)
    except (ValueError, TypeError, AttributeError):
        # The package reads what strangers send; what it trips over is no solution.
        return False


def _name(solved: str) -> str:
    """What is the same for all ways to write one solved challenge: its signature."""
    return str(altcha.Payload.from_base64(solved).challenge.signature)


def _secret() -> str:
    return salted_hmac("subscriptions.work", "", secret=settings.TOKEN_KEYS[0], algorithm="sha256").hexdigest()
