"""What a person does with a session of their own: open it, change the address, erase everything."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from django.db import IntegrityError, transaction

from subscriptions import consent, mailboxes, signals, suppression
from subscriptions.models import Consent, Notice, Request, Subscriber

ADDRESS_LINK = dt.timedelta(days=1)
ADDRESS_WORDING = "Send my digests to this address"
ERASE_WORDING = "Erase everything about me"


@dataclass(frozen=True)
class Linked:
    """`sent` wrote a notice; `unknown` and `suppressed` wrote nothing."""

    outcome: Literal["sent", "unknown", "suppressed"]
    reason: str
    notice: Notice | None = None


@dataclass(frozen=True)
class Changed:
    """`changed` now (or, before the button, would be); `taken`: that address has digests of its own; `gone`: no such link."""

    outcome: Literal["changed", "taken", "gone"]
    reason: str
    subscriber: Subscriber | None = None
    address: str = ""


@dataclass(frozen=True)
class Erased:
    """How many rows went, by `app.Model`. What stays is the record of consent, under a keyed hash."""

    removed: dict[str, int] = field(default_factory=dict)


def send_link(address: str, now: dt.datetime, then: str = "") -> Linked:
    """Write the notice with a link to the preferences, when the address is confirmed. Raises AddressRefused.

    `then` is the path on which the session goes on.
    """
    hashed = suppression.mailbox_hash(mailboxes.parse(address).address)
    if suppression.standing([hashed]):
        return Linked("suppressed", "the address is suppressed")
    subscriber = Subscriber.objects.filter(mailbox_hash=hashed, status=Subscriber.Status.CONFIRMED).first()
    if subscriber is None:
        return Linked("unknown", "no confirmed subscriber has this address")
    notice = consent.write_notice(subscriber, Notice.Kind.MAGIC_LINK, now, consent.LINK, because="asked", then=then)
    return Linked("sent", "a link was asked for", notice)


def link(token: str, now: dt.datetime) -> Notice | None:
    """The unused link to the preferences, while it lives; changes nothing."""
    notice = consent.noticed(Notice.Kind.MAGIC_LINK, token)
    return notice if notice and notice.used_at is None and notice.expires_at > now else None


def use_link(token: str, now: dt.datetime) -> Notice | None:
    """Use the link, once: the notice that carried it, or None when it was used, is too old, or is none."""
    notice = link(token, now)
    if notice is None or not Notice.objects.filter(pk=notice.pk, used_at=None).update(used_at=now):
        return None
    return notice


def ask_address(subscriber: Subscriber, address: str, now: dt.datetime) -> Linked:
    """Write the notice that asks the new address to confirm. Raises AddressRefused."""
    mailbox = mailboxes.parse(address)
    if suppression.standing([suppression.mailbox_hash(mailbox.address)]):
        return Linked("suppressed", "the address is suppressed")
    notice = consent.write_notice(subscriber, Notice.Kind.ADDRESS_CONFIRMATION, now, ADDRESS_LINK, recipient=mailbox.address)
    return Linked("sent", "another address was asked for", notice)


def address_change(token: str, now: dt.datetime) -> Changed:
    """What confirming the new address with this link would do; changes nothing."""
    notice = consent.noticed(Notice.Kind.ADDRESS_CONFIRMATION, token)
    if notice is None or notice.used_at is not None or notice.expires_at <= now:
        return Changed("gone", "no such link")
    holder = Subscriber.objects.filter(mailbox_hash=suppression.mailbox_hash(notice.recipient)).first()
    if holder is not None and holder.pk != notice.subscriber_id and holder.status == Subscriber.Status.CONFIRMED:
        return Changed("taken", "the address has digests of its own", notice.subscriber, notice.recipient)
    return Changed("changed", "it waits for the button", notice.subscriber, notice.recipient)


def change_address(token: str, now: dt.datetime, network: str = "") -> Changed:
    """Move the subscriber to the address that this link was mailed to, revoke older links, and tell the old address.

    An unconfirmed sign-up of the new address gives way, for its mailbox has just answered.
    """
    with transaction.atomic():
        notice = consent.noticed(Notice.Kind.ADDRESS_CONFIRMATION, token)
        if notice is not None:
            Subscriber.objects.select_for_update().filter(pk=notice.subscriber_id).first()
        found = address_change(token, now)
        if found.outcome != "changed" or found.subscriber is None or notice is None:
            return found
        subscriber, old = found.subscriber, found.subscriber.address
        hashed = suppression.mailbox_hash(found.address)
        Subscriber.objects.filter(mailbox_hash=hashed, status=Subscriber.Status.PENDING).delete()
        subscriber.address, subscriber.mailbox_hash = found.address, hashed
        subscriber.token_generation += 1
        try:
            with transaction.atomic():
                subscriber.save(update_fields=["address", "mailbox_hash", "token_generation"])
        except IntegrityError:
            # Someone signed up with that address in this very moment; the link is unused, and tells more when tried again.
            return Changed("taken", "the address signed up just now", subscriber, found.address)
        Notice.objects.filter(pk=notice.pk).update(used_at=now)
        consent.record(subscriber, Consent.Event.CHANGED_ADDRESS, "link", ADDRESS_WORDING, now, network)
        consent.write_notice(subscriber, Notice.Kind.ADDRESS_CHANGED, now, ADDRESS_LINK, recipient=old)
    return Changed("changed", "changed now", subscriber, found.address)


def erase(subscriber: Subscriber, now: dt.datetime, network: str = "") -> Erased:
    """Remove the subscriber and everything that belongs to them; the record of consent keeps a keyed hash, and nothing else."""
    with transaction.atomic():
        locked = Subscriber.objects.select_for_update().filter(pk=subscriber.pk).first()
        if locked is None:
            return Erased()
        hashed = bytes(locked.mailbox_hash)
        canonical = suppression.mailbox_hash(mailboxes.parse(locked.address).canonical)
        consent.record(None, Consent.Event.ERASED, "session", ERASE_WORDING, now, network, hashed=hashed)
        requests, _ = Request.objects.filter(mailbox=canonical).delete()
        address = locked.address
        _, removed = locked.delete()
        if requests:
            removed[Request._meta.label] = removed.get(Request._meta.label, 0) + requests
        erased = Erased({label: count for label, count in removed.items() if count})
        # The last message has to know where to go, and no row remembers it.
        transaction.on_commit(
            lambda: signals.erased.send_robust(None, address=address, removed=erased.removed, now=now), robust=True
        )
    return erased
