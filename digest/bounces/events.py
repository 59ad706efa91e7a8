"""What providers tell by webhook, translated once, at the door: their kinds of event into our verdicts.

The kinds and reasons are django-anymail's (https://anymail.dev/en/stable/sending/tracking/), which has already translated each
provider's own words into these.
"""

import datetime as dt
from dataclasses import dataclass
from hashlib import blake2b

from digest import doubts
from digest.bounces import causes, verdicts
from digest.bounces.failures import failure
from digest.bounces.recording import Recorded, record_on
from digest.bounces.verdicts import Judgement
from digest.doubts import Told
from digest.messages import delivery_of
from digest.models import Bounce, Delivery
from subscriptions import consent, tokens

METHOD = "provider"
# Providers repeat an event for days until it is taken; what is older than this is somebody's replay.
STALE = dt.timedelta(days=14)
_TELLS = {
    **dict.fromkeys(("delivered", "opened", "clicked", "complained", "unsubscribed", "autoresponded"), "delivered"),
    **dict.fromkeys(("sent", "queued"), "accepted"),
    **dict.fromkeys(("rejected", "failed"), "refused"),
    "bounced": "bounced",
}
_BY_REASON = {
    "invalid": Bounce.Verdict.SUPPRESS,
    "bounced": Bounce.Verdict.SUPPRESS,
    "timed_out": Bounce.Verdict.SOFT,
    "blocked": Bounce.Verdict.SENDER_FAULT,
    # The provider's own list of those who complained before: it will never mail them again, and neither should we.
    "spam": Bounce.Verdict.COMPLAINT,
    "unsubscribed": Bounce.Verdict.SOFT,
    "other": Bounce.Verdict.SOFT,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `kind` and `reason` are anymail's words, `return_path` what we gave the provider along with the message."""

    provider: str
    name: str
    kind: str
    happened_at: dt.datetime | None
    recipient: str = ""
    message_id: str = ""
    return_path: str = ""
    reason: str = ""
    said: str = ""

    @property
    def report(self) -> str:
        """Its name among all reports: the provider's for it, or what it consists of where it has none."""
        name = self.name or f"{self.kind} {self.recipient} {self.message_id} {self.happened_at}"
        return blake2b(f"{self.provider}:{name}".encode(), digest_size=32).hexdigest()


def judge(event: Event) -> Judgement:
    """The verdict on an event: the server's own words where it passes them on, else the provider's reason."""
    recipients = (event.recipient,) if event.recipient else ()
    if event.kind == "complained":
        return Judgement(Bounce.Verdict.COMPLAINT, "", recipients, "a complaint, told by the provider")
    if event.kind == "failed":
        return Judgement(Bounce.Verdict.SENDER_FAULT, "", recipients, f"the provider could not send it {event.said}".strip())
    if event.kind not in {"bounced", "rejected"}:
        return Judgement(Bounce.Verdict.IGNORE, "", recipients, f"it was {event.kind}")
    told = failure(event.recipient, "failed", "", event.said, "")
    if event.kind == "bounced" and (told.status or causes.from_words(event.said)):
        verdict, why = verdicts.of_failure(told)
        return Judgement(verdict, told.status, recipients, why)
    verdict = _BY_REASON.get(event.reason, Bounce.Verdict.SOFT)
    return Judgement(verdict, told.status, recipients, f"the provider {event.kind} it: {event.reason or 'it does not say why'}")


def take(event: Event, now: dt.datetime) -> Recorded:
    """Do what an event asks for, once. An event that names no message of ours, or is older than two weeks, changes nothing."""
    judgement = judge(event)
    if event.happened_at is not None and now - event.happened_at > STALE:
        return Recorded(judgement, None, f"nothing: it is from {event.happened_at:%Y-%m-%d}, and too old to be news")
    delivery = _delivery(event)
    if delivery is None:
        return Recorded(judgement, None, "nothing: no message of ours is named in it")
    if (told := _TELLS.get(event.kind)) is not None:
        doubts.settle(delivery.pk, Told(told), now)
    if event.kind == "unsubscribed" and delivery.issue is not None:
        # The provider's own link, or its list: whoever pressed it wants no more of this digest.
        consent.unsubscribe(tokens.sign(tokens.Scope.UNSUBSCRIBE, delivery.issue.subscription_id), now, METHOD)
        return Recorded(judgement, None, "the subscription ended")
    if judgement.verdict is Bounce.Verdict.IGNORE:
        return Recorded(judgement, None, "nothing")
    return record_on(delivery, judgement, event.report, now)


def _delivery(event: Event) -> Delivery | None:
    known = Delivery.objects.select_related("subscriber", "notice", "issue")
    if event.return_path and (pk := delivery_of(event.return_path)) is not None:
        return known.filter(pk=pk).first()
    named = event.message_id.strip("<>")
    return known.filter(message_id=f"<{named}>").first() if named else None
