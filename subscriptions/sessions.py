"""A person's session: half an hour, opened by a mailed link that works once, kept in one signed cookie. Nothing is stored."""

import datetime as dt

from subscriptions import tokens
from subscriptions.models import Subscriber

COOKIE = "paper_round_session"
LASTS = dt.timedelta(minutes=30)


def start(subscriber: Subscriber, now: dt.datetime) -> str:
    """The cookie's value; raising the subscriber's `token_generation` ends it early."""
    return tokens.sign(tokens.Scope.SESSION, subscriber.pk, subscriber.token_generation, int(now.timestamp()))


def find(cookie: str, now: dt.datetime) -> Subscriber | None:
    """Whose session it is, or None when there is none, it is over, or its subscriber is gone."""
    numbers = tokens.read(tokens.Scope.SESSION, cookie)
    if numbers is None or len(numbers) != 3:
        return None
    subscriber_id, generation, started = numbers
    if not 0 <= now.timestamp() - started < LASTS.total_seconds():
        return None
    return Subscriber.objects.filter(pk=subscriber_id, token_generation=generation).first()


def proof(cookie: str) -> str:
    """What the session's forms carry, so that a form on another site, which cannot read the cookie, changes nothing."""
    return tokens.sign(tokens.Scope.PROOF, *(tokens.read(tokens.Scope.SESSION, cookie) or ()))


def proves(given: str, cookie: str) -> bool:
    """Whether a form was made for this session."""
    numbers = tokens.read(tokens.Scope.PROOF, given)
    return numbers is not None and numbers == tokens.read(tokens.Scope.SESSION, cookie)
