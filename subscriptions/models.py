"""Who wants what: topics, subscribers, their subscriptions and interests, and the record of what they agreed to.

Removing a subscriber removes everything below it; what must outlive an erasure (consent, suppression) keeps a keyed hash of the
mailbox and no address.
"""

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Topic(models.Model):
    """A subject readers can ask for; papers match it by arXiv category and by key term."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    field = models.CharField(max_length=80, help_text="The heading under which the topic is listed.")
    description = models.CharField(max_length=240)
    categories = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    key_terms = ArrayField(models.CharField(max_length=80), default=list, blank=True)

    class Meta:
        ordering = ["field", "name"]

    def __str__(self) -> str:
        return self.name


class Subscriber(models.Model):
    """A person with an address; confirmed once a link sent to it has been answered."""

    class Status(models.TextChoices):
        PENDING = "pending", "waiting for confirmation"
        CONFIRMED = "confirmed", "confirmed"

    address = models.CharField(max_length=254, help_text="As typed, with the domain in lower case.")
    mailbox_hash = models.BinaryField(
        max_length=32, unique=True, editable=False, help_text="Keyed hash of the address in lower case."
    )
    name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    token_generation = models.PositiveIntegerField(
        default=0, help_text="Raising it revokes every link but those that unsubscribe."
    )
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [
            ("import_subscriber", "Can import subscribers"),
            ("export_subscriber", "Can export subscribers"),
            ("erase_subscriber", "Can erase subscribers"),
            ("preview_subscriber", "Can look at a subscriber's digest"),
        ]
        indexes = [models.Index(fields=["status", "created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="pending", confirmed_at=None) | Q(status="confirmed", confirmed_at__isnull=False),
                name="subscriber_confirmed_has_its_instant",
            )
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def domain(self) -> str:
        """The receiving domain, in lower case."""
        return self.address.rpartition("@")[2]


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def live(self) -> "SubscriptionQuerySet":
        """Confirmed subscriptions that have not ended. One that waits for its confirmation has no next issue yet."""
        return self.filter(ended_at=None, next_issue_at__isnull=False, subscriber__status=Subscriber.Status.CONFIRMED)

    def waiting(self) -> "SubscriptionQuerySet":
        """Subscriptions asked for and not yet confirmed, those of people who come back among them."""
        return self.filter(ended_at=None, next_issue_at=None)

    def due(self, now: dt.datetime) -> "SubscriptionQuerySet":
        """Live subscriptions whose next issue's hour has come, the longest waiting first."""
        return self.live().filter(next_issue_at__lte=now).order_by("next_issue_at", "id")


class Subscription(models.Model):
    """One regular digest for one subscriber."""

    class Cadence(models.TextChoices):
        DAILY = "daily", "every day"
        WEEKLY = "weekly", "every week"
        MONTHLY = "monthly", "every month"

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    class Format(models.TextChoices):
        HTML = "html", "HTML with a plain text part"
        TEXT = "text", "plain text only"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="subscriptions")
    name = models.CharField(max_length=80, blank=True, help_text="Tells several digests of one subscriber apart.")
    cadence = models.CharField(max_length=8, choices=Cadence, default=Cadence.WEEKLY)
    weekday = models.PositiveSmallIntegerField(
        choices=Weekday, default=Weekday.MONDAY, help_text="Weekly: on this day; monthly: on its first in the month."
    )
    hour = models.PositiveSmallIntegerField(default=7, validators=[MaxValueValidator(23)])
    format = models.CharField(max_length=4, choices=Format, default=Format.HTML)
    size = models.PositiveSmallIntegerField(
        default=12, validators=[MinValueValidator(1), MaxValueValidator(50)], help_text="Papers in an issue, at most."
    )
    minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(2), MaxValueValidator(120)],
        help_text="Minutes of reading that an issue should take; empty when the number of papers alone counts.",
    )
    feed_generation = models.PositiveIntegerField(
        default=0, editable=False, help_text="Raising it gives the private feed a new address and revokes the old one."
    )
    paused_at = models.DateTimeField(
        null=True, blank=True, help_text="When the latest pause began; it stays, for the issue after it tells of the time away."
    )
    paused_until = models.DateTimeField(null=True, blank=True)
    next_issue_at = models.DateTimeField(null=True, blank=True, help_text="Empty until confirmed and after the end.")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=80, blank=True)

    objects: ClassVar[SubscriptionQuerySet] = SubscriptionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["next_issue_at", "id"], name="subscription_due", condition=Q(ended_at=None)),
            models.Index(fields=["ended_at"], name="subscription_ended", condition=Q(ended_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(hour__lte=23), name="subscription_hour_of_the_day"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="subscription_weekday"),
            models.CheckConstraint(condition=Q(size__gte=1, size__lte=50), name="subscription_size"),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__gte=2, minutes__lte=120), name="subscription_minutes"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(next_issue_at=None), name="subscription_ended_has_no_next_issue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_cadence_display()} for {self.subscriber_id}"


class Interest(models.Model):
    """A stated taste: a topic, an arXiv category, a key term, an author or free text; wanted, or never to be shown."""

    class Kind(models.TextChoices):
        TOPIC = "topic", "topic"
        CATEGORY = "category", "arXiv category"
        KEYWORD = "keyword", "key term"
        AUTHOR = "author", "author"
        TEXT = "text", "free text"

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="interests")
    kind = models.CharField(max_length=8, choices=Kind)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    value = models.CharField(max_length=500, blank=True, help_text="Of every kind but a topic.")
    excluded = models.BooleanField(default=False, help_text="Never show what matches.")
    meaning = models.BinaryField(null=True, editable=False, help_text="Of wanted free text: its vector, once it is computed.")
    meaning_model = models.CharField(max_length=40, db_default="", editable=False, help_text="What computed the vector.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="topic", topic__isnull=False, value="") | (~Q(kind="topic") & Q(topic=None) & ~Q(value="")),
                name="interest_topic_or_value",
            ),
            models.UniqueConstraint(fields=["subscription", "topic"], condition=Q(kind="topic"), name="interest_topic_once"),
            models.UniqueConstraint(
                fields=["subscription", "kind", "value"], condition=~Q(kind="topic"), name="interest_value_once"
            ),
        ]
        indexes = [
            models.Index(fields=["meaning_model"], condition=Q(kind="text", excluded=False), name="interest_meaning_waits")
        ]

    def __str__(self) -> str:
        return f"{'never ' if self.excluded else ''}{self.kind} {self.value or self.topic_id}"


class Consent(models.Model):
    """What a person agreed to or withdrew: who, when, how, and the exact wording shown. The database refuses to rewrite it."""

    class Event(models.TextChoices):
        REQUESTED = "requested", "asked for the digest"
        CONFIRMED = "confirmed", "confirmed"
        CHANGED_ADDRESS = "changed-address", "changed the address"
        UNSUBSCRIBED = "unsubscribed", "unsubscribed"
        ERASED = "erased", "asked for erasure"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.SET_NULL, null=True, related_name="consents")
    mailbox_hash = models.BinaryField(max_length=32, editable=False)
    event = models.CharField(max_length=16, choices=Event)
    method = models.CharField(max_length=32, help_text="How it came: form, link, one-click, import, command.")
    wording = models.TextField()
    wording_version = models.CharField(max_length=32)
    network = models.CharField(max_length=64, blank=True, help_text="The network it came from (/24 or /48), if any.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["mailbox_hash", "at"]), BrinIndex(fields=["at"], name="consent_at_brin")]

    def __str__(self) -> str:
        return f"{self.event} at {self.at:%Y-%m-%d %H:%M}"


class Notice(models.Model):
    """A message about the subscription itself, written in the transaction of the event that calls for it."""

    class Kind(models.TextChoices):
        CONFIRMATION = "confirmation", "confirm the subscription"
        MAGIC_LINK = "magic-link", "link to the preferences"
        ADDRESS_CONFIRMATION = "address-confirmation", "confirm the new address"
        ADDRESS_CHANGED = "address-changed", "tell the old address"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="notices")
    recipient = models.CharField(max_length=254, blank=True, help_text="Where it goes when not to the subscriber's address.")
    kind = models.CharField(max_length=24, choices=Kind)
    context = models.JSONField(default=dict, help_text="What its template needs; never text that a stranger typed.")
    key = models.CharField(max_length=120, unique=True, help_text="One event, one notice.")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(help_text="After this it is not worth sending, and its link is dead.")
    used_at = models.DateTimeField(
        null=True, blank=True, help_text="When its link was used; links that open a session work once."
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def standing(self) -> "SuppressionQuerySet":
        return self.filter(lifted_at=None)


class Suppression(models.Model):
    """An address we never mail, known by its keyed hash alone. Only an operator lifts it."""

    class Reason(models.TextChoices):
        HARD_BOUNCE = "hard-bounce", "hard bounce"
        COMPLAINT = "complaint", "complaint"
        OPERATOR = "operator", "by the operator"

    mailbox_hash = models.BinaryField(max_length=32, editable=False)
    reason = models.CharField(max_length=16, choices=Reason)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)

    objects: ClassVar[SuppressionQuerySet] = SuppressionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailbox_hash"], condition=Q(lifted_at=None), name="suppression_stands_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} since {self.created_at:%Y-%m-%d}"


class RequestQuerySet(models.QuerySet["Request"]):
    def waiting(self) -> "RequestQuerySet":
        """Requests not yet answered, the oldest first."""
        return self.filter(answered_at=None).order_by("id")


class Request(models.Model):
    """What someone typed at the door, to be answered by a message.

    Every address gets the same row, and a task answers it, so that the page cannot tell a known address from an unknown one by
    its words or by its time. Once answered, a row keeps hashes and counts, no address, and goes after three days.
    """

    class Kind(models.TextChoices):
        SIGN_UP = "sign-up", "asked for the digest"
        LINK = "link", "asked for a link to the preferences"
        ADDRESS = "address", "asked for another address"

    class Outcome(models.TextChoices):
        MAILED = "mailed", "a message was written"
        NOTHING = "nothing", "no message was called for"
        REFUSED = "refused", "a limit was reached"

    kind = models.CharField(max_length=8, choices=Kind)
    address = models.CharField(max_length=254, blank=True, help_text="Emptied once answered.")
    mailbox = models.BinaryField(
        max_length=32, editable=False, help_text="Keyed hash of the mailbox behind the address: no plus tag, no Gmail dots."
    )
    domain = models.CharField(max_length=254, blank=True, help_text="The receiving domain.")
    network = models.CharField(max_length=64, blank=True, help_text="The network it came from (/24 or /48), if any.")
    subscriber = models.ForeignKey(
        Subscriber,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who asked for another address.",
    )
    wishes = models.JSONField(default=dict, help_text="What was chosen in the form; emptied once answered.")
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    reason = models.CharField(max_length=120, blank=True)

    objects: ClassVar[RequestQuerySet] = RequestQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="request_waiting", condition=Q(answered_at=None)),
            models.Index(fields=["mailbox", "answered_at"], name="request_mailbox"),
            models.Index(fields=["network", "created_at"], name="request_network"),
            models.Index(fields=["domain", "answered_at"], name="request_domain"),
            models.Index(fields=["created_at"], name="request_created"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, outcome="") | (Q(answered_at__isnull=False, address="") & ~Q(outcome="")),
                name="request_answered_keeps_no_address",
            ),
            models.CheckConstraint(condition=Q(outcome="") | ~Q(reason=""), name="request_answer_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.created_at:%Y-%m-%d %H:%M}"


class AuditEntry(models.Model):
    """Who did what in the admin. Append-only, by a trigger; an account that goes keeps its name here."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=150, help_text="The account's name when it acted.")
    action = models.CharField(max_length=40, help_text="A verb: pause, export, preview, lift suppression.")
    target = models.CharField(max_length=200, blank=True, help_text="What it was done to, by kind and number; no address.")
    detail = models.JSONField(default=dict, help_text="What else matters, such as the reason given or the number of rows.")
    network = models.CharField(max_length=64, blank=True, help_text="The network it came from (/24 or /48), if any.")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "audit log"
        indexes = [models.Index(fields=["actor", "-at"], name="audit_actor"), models.Index(fields=["-at"], name="audit_at")]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.target}".rstrip()


class Job(models.Model):
    """Work on many rows that an operator started: done in Celery, a batch at a time, watched and cancelled from the admin.

    waiting -> running -> done | cancelled | failed. A row, not a message, is the truth: a worker that dies leaves `cursor`
    where the last committed batch ended, and the sweep lets another go on from there.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        CANCELLED = "cancelled"
        FAILED = "failed"

    kind = models.CharField(max_length=40)
    arguments = models.JSONField(default=dict)
    payload = models.BinaryField(null=True, editable=False, help_text="What was handed in, compressed; gone once finished.")
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(null=True, blank=True, help_text="How many there are to do, once that is known.")
    done = models.PositiveIntegerField(default=0)
    cursor = models.JSONField(default=dict, help_text="Where the next batch begins.")
    result = models.JSONField(default=dict, help_text="Counts by outcome, and what an operator should know.")
    error = models.CharField(max_length=500, blank=True)
    cancel_asked = models.BooleanField(default=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_by_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField(null=True, blank=True, help_text="Until when the worker that runs it is believed.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="job_open", condition=Q(state__in=["waiting", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def open(self) -> bool:
        return self.state in {Job.State.WAITING, Job.State.RUNNING}
