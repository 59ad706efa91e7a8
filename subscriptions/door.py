"""The door: what strangers ask for, and the answers that go out by message.

Asking writes the same row for every address, in the same time; answering, later and elsewhere, finds out what the address is.
So the page that takes the request cannot give away whether an address is known.
"""

import datetime as dt
import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection, transaction

from subscriptions import account, consent, limits, mailboxes, suppression
from subscriptions.consent import SignUp
from subscriptions.models import Request, Subscriber

_log = logging.getLogger(__name__)
# Written out, for the ORM makes the statement anew for every visitor, which takes longer than to run it.
_WRITE = """
INSERT INTO subscriptions_request
    (kind, address, mailbox, domain, network, subscriber_id, wishes, created_at, outcome, reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '', '')
"""
TOO_LATE = dt.timedelta(days=1)
KEPT = dt.timedelta(days=3)


@dataclass(frozen=True)
class Asked:
    """`taken`: written down, whatever the address. `network` or `full`: too many came from there, or from everywhere."""

    outcome: Literal["taken", "network", "full"]


@dataclass(frozen=True)
class Answered:
    """How many requests got a message, none (unknown or suppressed), a refusal; and whether any still wait for a limit."""

    mailed: int = 0
    nothing: int = 0
    refused: int = 0
    waiting: bool = False


def ask_to_sign_up(signup: SignUp, now: dt.datetime) -> Asked:
    """Write down a sign-up. Raises AddressRefused."""
    wishes = {name: value for name, value in vars(signup).items() if name not in {"address", "network"}}
    return _ask(Request.Kind.SIGN_UP, signup.address, signup.network, now, wishes=wishes)


def ask_for_link(address: str, network: str, now: dt.datetime, then: str = "") -> Asked:
    """Write down that someone wants a link to the preferences of an address, and the path on which the session goes on.

    Raises AddressRefused.
    """
    return _ask(Request.Kind.LINK, address, network, now, wishes={"then": then} if then else None)


def ask_for_address(subscriber: Subscriber, address: str, network: str, now: dt.datetime) -> Asked:
    """Write down that a subscriber wants another address. Raises AddressRefused."""
    return _ask(Request.Kind.ADDRESS, address, network, now, subscriber=subscriber)


def _ask(
    kind: Request.Kind,
    address: str,
    network: str,
    now: dt.datetime,
    *,
    wishes: dict[str, object] | None = None,
    subscriber: Subscriber | None = None,
) -> Asked:
    mailbox = mailboxes.parse(address)
    with limits.admission(limits.of_network(network) + limits.of_all_requests(), uuid.uuid4().hex, now) as over:
        if over is not None:
            _log.warning("Refused a request (%s): limit of %s reached for its %s", kind, over.limit, over.kind)
            return Asked("network" if over.kind == "network" else "full")
        hashed = suppression.mailbox_hash(mailbox.canonical)
        asked_by = subscriber.pk if subscriber else None
        row = (kind.value, mailbox.address, hashed, mailbox.domain, network, asked_by, json.dumps(wishes or {}), now)
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, row)
    return Asked("taken")


def answer(now: dt.datetime, limit: int) -> Answered:
    """Answer what waits, the oldest first, each in its own transaction; `limit` is how many at most.

    A mailbox that had its share is refused. A receiving domain, or everything together, that had its share leaves requests
    waiting for the next sweep, and refuses them after a day.
    """
    counts = dict.fromkeys(Request.Outcome, 0)
    full: set[str] = set()
    after = 0
    for _ in range(limit):
        with transaction.atomic():
            waiting = Request.objects.waiting().filter(pk__gt=after).exclude(domain__in=full)
            request = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("subscriber").first()
            if request is None:
                break
            after = request.pk
            late = now - request.created_at >= TOO_LATE
            over = None if late else limits.take(_rules(request), f"{request.kind}:{request.pk}", now)
            if over is not None and over.kind != "mailbox":
                full.add(request.domain)
                if over.kind == "messages":
                    break
                continue
            if late:
                outcome, reason = Request.Outcome.REFUSED, "it waited for a day"
            elif over is not None:
                outcome, reason = Request.Outcome.REFUSED, f"{over.limit} in {over.window} had gone to this mailbox"
            else:
                outcome, reason = _answered(request, now)
            request.answered_at, request.outcome, request.reason = now, outcome, reason
            request.address, request.wishes = "", {}
            request.save()
        counts[outcome] += 1
    if full:
        _log.warning("Requests wait, for the hour's messages are used up: %s", ", ".join(sorted(full)))
    return Answered(
        counts[Request.Outcome.MAILED], counts[Request.Outcome.NOTHING], counts[Request.Outcome.REFUSED], waiting=bool(full)
    )


def _rules(request: Request) -> list[limits.Rule]:
    return limits.of_mailbox(bytes(request.mailbox)) + limits.of_domain(request.domain) + limits.of_all_messages()


def _answered(request: Request, now: dt.datetime) -> tuple[Request.Outcome, str]:
    try:
        return _answer(request, now)
    except ValueError as error:
        # The form checks all of it, so this is a fault of ours; it must not hold up those behind it.
        _log.exception("A request could not be answered: %s", request.pk)
        return Request.Outcome.NOTHING, f"it could not be used: {error}"[:120]


def _answer(request: Request, now: dt.datetime) -> tuple[Request.Outcome, str]:
    match Request.Kind(request.kind):
        case Request.Kind.SIGN_UP:
            wishes: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in request.wishes.items()
            }
            signed_up = consent.subscribe(SignUp(request.address, network=request.network, **wishes), now)
            mailed, reason = signed_up.notice is not None, signed_up.reason
        case Request.Kind.LINK:
            linked = account.send_link(request.address, now, str(request.wishes.get("then", "")))
            mailed, reason = linked.notice is not None, linked.reason
        case Request.Kind.ADDRESS if request.subscriber is not None:
            linked = account.ask_address(request.subscriber, request.address, now)
            mailed, reason = linked.notice is not None, linked.reason
        case Request.Kind.ADDRESS:
            mailed, reason = False, "the subscriber is gone"
    return (Request.Outcome.MAILED if mailed else Request.Outcome.NOTHING), reason


def forget(now: dt.datetime) -> int:
    """Remove answered requests that no limit counts any more; returns how many."""
    removed, _ = Request.objects.filter(answered_at__lte=now - KEPT).delete()
    return removed
