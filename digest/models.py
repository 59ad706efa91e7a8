"""Papers, where they came from, and what became of them: issues and the delivery ledger."""

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now

from subscriptions.models import Notice, Subscriber, Subscription, Topic


class SourceQuerySet(models.QuerySet["Source"]):
    def due(self, now: dt.datetime) -> "SourceQuerySet":
        """Active sources with an address whose hour has come, the longest waiting first; one never polled is due at once."""
        hour_has_come = Q(next_poll_at=None) | Q(next_poll_at__lte=now)
        return (
            self.filter(hour_has_come, active=True)
            .exclude(url="")
            .order_by(models.F("next_poll_at").asc(nulls_first=True), "id")
        )


class Source(models.Model):
    """A feed, an interface or a saved page that announces papers."""

    class Format(models.TextChoices):
        PAGE = "page", "saved Daily Papers page"
        ARXIV = "arxiv", "arXiv RSS or Atom"
        ARXIV_API = "arxiv-api", "arXiv API"
        ARXIV_OAI = "arxiv-oai", "arXiv OAI-PMH"
        HUGGINGFACE = "huggingface", "Hugging Face Daily Papers"
        SYNDICATION = "syndication", "RSS, Atom or JSON Feed"

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=160)
    format = models.CharField(max_length=16, choices=Format)
    url = models.URLField(max_length=500, blank=True, help_text="Empty for files that are handed in.")
    homepage = models.URLField(max_length=500, blank=True)
    active = models.BooleanField(default=True)
    etag = models.CharField(max_length=500, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    interval = models.DurationField(default=dt.timedelta(hours=6), help_text="How often to ask when nothing is known better.")
    pace = models.DurationField(null=True, blank=True, help_text="How often asking has turned out to be worth it.")
    next_poll_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failed polls in a row.")
    last_success_at = models.DateTimeField(null=True, blank=True)
    stopped_because = models.CharField(max_length=200, blank=True, help_text="Why the source stopped itself, if it did.")
    feed_title = models.CharField(max_length=300, blank=True, help_text="What the feed calls itself.")
    skip_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, help_text="0 is Monday; UTC.")
    skip_hours = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, help_text="Hours of the day, UTC.")
    created_at = models.DateTimeField(db_default=Now())

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["next_poll_at"], name="source_due", condition=Q(active=True))]

    def __str__(self) -> str:
        return self.name


class Poll(models.Model):
    """One conditional GET, or one file handed in, and what it brought."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="polls")
    started_at = models.DateTimeField(db_default=Now())
    duration = models.DurationField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP status; empty for a file.")
    size = models.PositiveBigIntegerField(default=0, help_text="Octets read.")
    entries_new = models.PositiveIntegerField(default=0)
    entries_known = models.PositiveIntegerField(default=0)
    entries_refused = models.JSONField(default=list, help_text="One object for each: title, why.")
    notes = models.JSONField(default=list, help_text="What else an operator should know, in plain words.")
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["source", "-started_at"]),
            BrinIndex(fields=["started_at"], name="poll_started_brin"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} at {self.started_at:%Y-%m-%d %H:%M}"


class SourceDay(models.Model):
    """A day on which a source that announces every working day should have had papers.

    It is missing until a poll or a backfill brings that day's entries.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    entries = models.PositiveIntegerField(default=0)
    missing_since = models.DateTimeField(null=True, blank=True, help_text="When it was first noticed that it did not come.")
    filled_at = models.DateTimeField(null=True, blank=True)
    filled_by = models.CharField(max_length=80, blank=True, help_text="What brought it: poll or backfill.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "day"], name="source_day_once")]

    def __str__(self) -> str:
        return f"{self.source_id} on {self.day}"


class Paper(models.Model):
    """A work, whatever the number of places that announced it.

    `title` and `abstract` are clean Unicode text; `title_source` and `abstract_source` are what the feed said. `listed_at` is
    when the paper became selectable here, given in commit order (see `papers.store`); windows run over it. A paper merged into
    another stays as a pointer, so that old links and histories still lead somewhere.
    """

    title = models.CharField(max_length=1000)
    abstract = models.TextField(blank=True)
    title_source = models.TextField()
    abstract_source = models.TextField(blank=True)
    authors = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    categories = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    keywords = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    url = models.URLField(max_length=1000, blank=True, help_text="Where the work lives; empty when no feed said.")
    pdf_url = models.URLField(max_length=1000, blank=True)
    links = models.JSONField(default=list, help_text="Objects {kind: code|project|other, url}, in order of appearance.")
    journal_reference = models.CharField(max_length=300, blank=True)
    organisation = models.CharField(max_length=160, blank=True)
    upvotes = models.PositiveIntegerField(default=0)
    stars = models.PositiveIntegerField(default=0)
    announced_at = models.DateTimeField(help_text="When the outside world announced it.")
    listed_at = models.DateTimeField(help_text="When it became selectable here.")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="merged")
    text_rank = models.PositiveIntegerField(
        default=0, editable=False, help_text="How good the place and version are that title, abstract and authors came from."
    )
    revision = models.PositiveIntegerField(default=1, help_text="Grows whenever what is shown of the paper changes.")
    topics = models.ManyToManyField(Topic, through="PaperTopic", related_name="papers")

    class Meta:
        indexes = [
            models.Index(fields=["listed_at", "id"], name="paper_listed"),
            models.Index(fields=["-announced_at", "id"], name="paper_announced"),
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def held(cls, pk: int) -> int | None:
        """The paper that the id means now, kept from being merged away until this transaction ends; None when there is none.

        Whoever votes on a paper asks first: a merge under way is waited for and followed, one that begins waits for the vote
        and takes it along. A vote's key is checked on committing only, when a merge has long looked for votes.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(merged_into_id, id) FROM digest_paper WHERE id = %s FOR KEY SHARE", [pk])
            row = cursor.fetchone()
        if row is None or row[0] == pk:
            return pk if row else None
        return cls.held(row[0])


class PaperIdentifier(models.Model):
    """One name under which the world knows a paper; no two papers share one, except a title."""

    class Kind(models.TextChoices):
        DOI = "doi", "DOI"
        ARXIV = "arxiv", "arXiv id"
        URL = "url", "canonical address"
        TITLE = "title", "hash of the title"

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField(max_length=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], condition=~Q(kind="title"), name="identifier_names_one_paper"),
            models.UniqueConstraint(fields=["kind", "value", "paper"], name="identifier_once_a_paper"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class PaperVersion(models.Model):
    """What a paper said in one of its versions."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    title_source = models.TextField()
    abstract_source = models.TextField(blank=True)
    announced_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["paper", "number"], name="version_once")]

    def __str__(self) -> str:
        return f"v{self.number} of {self.paper_id}"


class Appearance(models.Model):
    """A paper seen in a source."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="appearances")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="appearances")
    url = models.URLField(max_length=1000, blank=True)
    submitter = models.CharField(max_length=160, blank=True, help_text="Who brought it there, if the source says.")
    announced_at = models.DateTimeField()
    first_seen_at = models.DateTimeField()
    upvotes = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["paper", "source"], name="appearance_once_a_source")]

    def __str__(self) -> str:
        return f"{self.paper_id} in {self.source_id}"


class PaperTopic(models.Model):
    """How well a paper matches a topic: score in (0, 1]."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="paper_topics")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="paper_topics")
    score = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["paper", "topic"], name="paper_topic_once"),
            models.CheckConstraint(condition=Q(score__gt=0, score__lte=1), name="paper_topic_score"),
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} {self.topic_id} {self.score:.2f}"


class PaperSearch(models.Model):
    """What full-text search reads of a paper that can be found. `digest.search.refresh` keeps it in step with the papers.

    `document` holds the title (weight A), key terms and topics (B), authors (C) and abstract (D), folded and stemmed; `title`
    the title alone, so that a word that every other abstract uses need not be looked for in abstracts.
    """

    paper = models.OneToOneField(Paper, on_delete=models.CASCADE, primary_key=True, related_name="search")
    title = SearchVectorField()
    document = SearchVectorField()

    class Meta:
        # Rows are written in batches, off the transactions that store papers, so nobody waits for the index.
        indexes = [
            GinIndex(fields=["title"], name="search_title", fastupdate=False),
            GinIndex(fields=["document"], name="search_document", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"search of {self.paper_id}"


class SearchPending(models.Model):
    """A paper whose wording, topics or standing changed since search last read it; triggers write these rows.

    It names its paper by id without a foreign key or uniqueness: storing papers must not wait for anything here.
    """

    paper_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"paper {self.paper_id}"


class SearchWord(models.Model):
    """A word as papers spell it, in lower case without accents, with the number of papers it was read in."""

    word = models.CharField(max_length=40, primary_key=True)
    papers = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.word} ({self.papers})"


class PaperVector(models.Model):
    """What a paper means, as a vector that the optional extra computed from one revision of it.

    `octets` are the numbers as signed octets, 127 being the largest of them, `signs` one bit each. A vector that changes gets a
    new id, so that whoever has read the ids up to one knows what is new.
    """

    paper = models.OneToOneField(Paper, on_delete=models.CASCADE, related_name="vector")
    revision = models.PositiveIntegerField()
    model = models.CharField(
        max_length=40, help_text="Name and release of what computed it; vectors of two are never compared."
    )
    octets = models.BinaryField(editable=False)
    signs = models.BinaryField(editable=False)

    def __str__(self) -> str:
        return f"vector of {self.paper_id}"


class Upvote(models.Model):
    """A confirmed subscriber's vote for a paper on the site."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="votes")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="upvotes")
    weight = models.FloatField(
        db_default=1.0, help_text="How much it counts: less from an account that was new when it voted (`ranking.trust`)."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["paper", "subscriber"], name="upvote_once")]

    def __str__(self) -> str:
        return f"{self.subscriber_id} for {self.paper_id}"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def unread(self) -> "SubmissionQuerySet":
        """Submissions of arXiv papers whose metadata has not been fetched yet, the oldest first."""
        return self.filter(state=Submission.State.ASKED).order_by("id")


class Submission(models.Model):
    """A paper that a reader brought: shown at once to its submitter, to everyone after an editor's yes.

    What was brought is no Paper before that, so that nothing of it can appear anywhere.
    """

    class State(models.TextChoices):
        ASKED = "asked", "being looked up"
        WAITING = "waiting", "waits for an editor"
        APPROVED = "approved", "approved"
        DECLINED = "declined", "declined"
        FAILED = "failed", "could not be looked up"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="submissions")
    kind = models.CharField(max_length=8, choices=PaperIdentifier.Kind, help_text="What kind of name it was brought under.")
    value = models.CharField(max_length=1000, help_text="That name: an arXiv id, a DOI or a canonical address.")
    title = models.CharField(max_length=1000, blank=True)
    entry = models.JSONField(default=dict, blank=True, help_text="What the archive, or the submitter, says of the paper.")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it was declined or could not be looked up.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often the archive has been asked.")
    paper = models.ForeignKey(Paper, on_delete=models.SET_NULL, null=True, blank=True, related_name="submissions")
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)

    objects: ClassVar[SubmissionQuerySet] = SubmissionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="submission_state")]
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "kind", "value"], name="submission_once"),
            models.CheckConstraint(condition=~Q(state__in=["declined", "failed"]) | ~Q(reason=""), name="submission_says_why"),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "declined"]) | Q(decided_at__isnull=False), name="submission_decided"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.value


class Pick(models.Model):
    """An editor's choice, with a one-line note."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="picks")
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["paper", "editor"], name="pick_once")]

    def __str__(self) -> str:
        return f"{self.paper_id}: {self.note}"


class RankingConfiguration(models.Model):
    """A version of the ranking's weights; each issue names the one that made it."""

    version = models.PositiveIntegerField(unique=True)
    weights = models.JSONField()
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [("adopt_rankingconfiguration", "Can adopt other ranking weights")]
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"ranking {self.version}"


class ContentModel(models.Model):
    """What the stored corpus has taught the ranking about words. The newest is in force; each issue names the one it used."""

    version = models.CharField(max_length=32, unique=True, help_text="Changes whenever anything learned changes.")
    octets = models.BinaryField(help_text="As `ranking.ContentModel.to_bytes` wrote them.")
    documents = models.PositiveIntegerField(help_text="Papers it was learned from.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.version} from {self.documents} papers"


class PaperState(models.Model):
    """A paper exactly as the ranking was given it at some moment; shared by every issue that was given the same.

    It names its paper by id without a foreign key: publishing must not wait for locks on papers.
    """

    digest = models.BinaryField(max_length=32, unique=True, editable=False, help_text="BLAKE2b-256 of the content.")
    paper_id = models.BigIntegerField()
    content = models.BinaryField(editable=False, help_text="JSON, compressed.")

    def __str__(self) -> str:
        return f"paper {self.paper_id}"


class CandidateList(models.Model):
    """The papers that a batch of issues chose from, in order; shared by every batch that chose from the same."""

    digest = models.BinaryField(max_length=32, unique=True, editable=False, help_text="BLAKE2b-256 of the states' digests.")
    state_ids = ArrayField(models.BigIntegerField())
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{len(self.state_ids)} candidates"


class Issue(models.Model):
    """One numbered digest for one subscription, frozen when it is published.

    `slate` holds what was chosen, in order, as `ranking` returned it: paper, revision, score, and the terms of the score that
    are shown as reasons. `receipt` counts what was considered, shown and left out. A week with nothing to send leaves an issue
    without a number, whose delivery is skipped and says why. `profile`, `candidates`, `content_model` and `configuration` are
    all that the ranking was given: they make the same slate again. An issue that was never ranked has none of the first three.
    """

    class Kind(models.TextChoices):
        REGULAR = "regular", "regular"
        SAMPLE = "sample", "sample after confirmation"

    # The unique constraints below begin with the subscription, and nobody looks issues up by what they were made with: an index
    # for each of these keys would only slow publishing down.
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="issues", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.REGULAR)
    number = models.PositiveIntegerField(null=True, blank=True)
    due_at = models.DateTimeField(help_text="The hour this issue was due; with the subscription, its identity.")
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    configuration = models.ForeignKey(RankingConfiguration, on_delete=models.PROTECT, related_name="+", db_index=False)
    content_model = models.ForeignKey(
        ContentModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    candidates = models.ForeignKey(
        CandidateList, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    profile = models.JSONField(default=dict, help_text="What was known of the reader's taste, as it was ranked.")
    paper_ids = ArrayField(models.BigIntegerField(), default=list)
    versions = models.JSONField(default=dict, help_text="Of its papers that have versions: paper id -> number shown.")
    slate = models.JSONField(default=list)
    receipt = models.JSONField(default=dict)
    gist = models.TextField(db_default="", blank=True, help_text="What its message says of slate and receipt, as JSON.")
    published_at = models.DateTimeField()

    class Meta:
        indexes = [
            BrinIndex(fields=["published_at"], name="issue_published_brin"),
            models.Index(fields=["-window_end"], name="issue_window_end"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "due_at"], name="issue_once_a_due_hour"),
            models.UniqueConstraint(fields=["subscription", "number"], name="issue_number_once"),
            models.CheckConstraint(condition=Q(window_start__lt=models.F("window_end")), name="issue_window_is_forward"),
        ]

    def __str__(self) -> str:
        return f"issue {self.number} of subscription {self.subscription_id}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def ready(self, now: dt.datetime) -> "DeliveryQuerySet":
        """What waits and may be tried at `now`: notices first, then the longest waiting."""
        waiting = self.filter(finished_at=None, state__in=[Delivery.State.QUEUED, Delivery.State.DEFERRED])
        return waiting.filter(next_attempt_at__lte=now).order_by("priority", "next_attempt_at", "id")


class Delivery(models.Model):
    """The fate of one message: the ledger.

    queued -> claimed (leased, nothing sent) -> sending -> accepted | deferred | uncertain | failed | skipped. An expired
    `claimed` was never sent and is queued again; an expired `sending` is uncertain, for the server may have the message.
    `fence` grows with every claim, and an outcome is recorded only by the claim that still holds it. Leases run by the
    database's clock.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        CLAIMED = "claimed", "claimed"
        SENDING = "sending", "sending"
        ACCEPTED = "accepted", "accepted by the relay"
        DEFERRED = "deferred", "deferred"
        UNCERTAIN = "uncertain", "uncertain"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "skipped"

    class Priority(models.IntegerChoices):
        NOTICE = 0, "notice"
        ISSUE = 1, "issue"

    class Stage(models.TextChoices):
        CONNECT = "connect", "connecting"
        MAIL = "mail", "before MAIL was accepted"
        DATA = "data", "before 354"
        BODY = "body", "in the body"
        DOT = "dot", "after the final dot"

    TROUBLES = (State.DEFERRED, State.UNCERTAIN, State.FAILED, State.SKIPPED)

    issue = models.OneToOneField(Issue, on_delete=models.CASCADE, null=True, blank=True, related_name="delivery")
    notice = models.OneToOneField(Notice, on_delete=models.CASCADE, null=True, blank=True, related_name="delivery")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="deliveries")
    domain = models.CharField(max_length=254, help_text="The receiving domain.")
    priority = models.PositiveSmallIntegerField(choices=Priority)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it is where it is, in a few plain words.")
    message_id = models.CharField(max_length=200)
    attempts = models.PositiveSmallIntegerField(default=0)
    doubts = models.PositiveSmallIntegerField(db_default=0, help_text="Attempts whose outcome nobody knows.")
    held = models.BooleanField(db_default=False, help_text="Uncertain, and waiting for the operator's word.")
    first_attempt_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField()
    fence = models.PositiveBigIntegerField(default=0)
    claimed_by = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    stage = models.CharField(max_length=8, choices=Stage, blank=True, help_text="How far the last broken attempt came.")
    reply_code = models.PositiveSmallIntegerField(null=True, blank=True)
    reply = models.CharField(max_length=500, blank=True, help_text="The relay's last words.")
    size = models.PositiveIntegerField(null=True, blank=True, help_text="Octets of the message sent.")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    trouble = models.GeneratedField(
        expression=Case(When(state__in=[state.value for state in TROUBLES], then=F("state"))),
        output_field=models.CharField(max_length=10, null=True),
        db_persist=True,
        help_text="The state, if it is one that somebody may look for; only by this column is it found fast.",
    )

    objects: ClassVar[DeliveryQuerySet] = DeliveryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        permissions = [("decide_delivery", "Can resend, hold and release deliveries")]
        verbose_name_plural = "deliveries"
        indexes = [
            # No B-tree mentions the state or the lease: a message changes both three times within a second, and PostgreSQL
            # then writes the row alone (a heap-only tuple), not an entry of every index.
            models.Index(
                fields=["priority", "next_attempt_at", "id"], name="delivery_unfinished", condition=Q(finished_at=None)
            ),
            # The same without those in trouble, which may lie in a million pages: what waits or is in hand is found at once.
            models.Index(
                fields=["priority", "next_attempt_at", "id"],
                name="delivery_under_way",
                condition=Q(finished_at=None, trouble=None),
            ),
            models.Index(fields=["trouble", "-created_at"], name="delivery_trouble", condition=Q(trouble__isnull=False)),
            BrinIndex(fields=["created_at"], name="delivery_created_brin"),
            BrinIndex(fields=["finished_at"], name="delivery_finished_brin"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(issue__isnull=False, notice=None) | Q(issue=None, notice__isnull=False),
                name="delivery_of_an_issue_or_a_notice",
            ),
            # Not `unique=True`, which would add a second index, for LIKE.
            models.UniqueConstraint(fields=["message_id"], name="delivery_message_id_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["deferred", "uncertain", "failed", "skipped"]) | ~Q(reason=""),
                name="delivery_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["claimed", "sending"]) | Q(lease_expires_at__isnull=False),
                name="delivery_held_under_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "failed", "skipped"], finished_at__isnull=False)
                | (~Q(state__in=["accepted", "failed", "skipped"]) & Q(finished_at=None)),
                name="delivery_finished_has_its_instant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.message_id}"


class Attempt(models.Model):
    """One attempt that did not end with the relay's 250: what the ledger's row forgets when the next one begins."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField(help_text="From 1.")
    ended_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=Delivery.State, help_text="What the delivery became by it.")
    stage = models.CharField(max_length=8, choices=Delivery.Stage, blank=True, help_text="How far it came.")
    reply_code = models.PositiveSmallIntegerField(null=True, blank=True)
    reply = models.CharField(max_length=500, blank=True, help_text="The relay's words.")
    reason = models.CharField(max_length=200)
    worker = models.CharField(max_length=120, blank=True, help_text="The run that died during it, if one did.")

    class Meta:
        ordering = ["ended_at", "id"]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.state}"


class Journal(models.Model):
    """A run of the sender that keeps a journal. Whoever removes the row lets no page follow: see `delivery.journal`."""

    name = models.CharField(primary_key=True, max_length=120, help_text="The run's name, as in `claimed_by`.")
    opened_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class JournalPage(models.Model):
    """A round that the ledger does not know of yet: deliveries that began, and those that the relay accepted."""

    # No foreign key: a page outlives its journal until it is posted.
    journal = models.CharField(max_length=120)
    written_at = models.DateTimeField()
    begun = ArrayField(models.BigIntegerField())
    begun_fences = ArrayField(models.BigIntegerField())
    accepted = ArrayField(models.BigIntegerField())
    accepted_fences = ArrayField(models.BigIntegerField())
    codes = ArrayField(models.SmallIntegerField(), help_text="What the relay said when it accepted.")
    replies = ArrayField(models.TextField())
    sizes = ArrayField(models.IntegerField(), help_text="Octets.")

    class Meta:
        indexes = [models.Index(fields=["journal"], name="journalpage_journal")]

    def __str__(self) -> str:
        return f"{len(self.begun)} began, {len(self.accepted)} accepted"


class AlarmSent(models.Model):
    """An alarm that the operator was told of. `watched` ones are removed once they are over, and may be told again."""

    key = models.CharField(max_length=120, unique=True)
    sent_at = models.DateTimeField()
    watched = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.key


class BrakeQuerySet(models.QuerySet["Brake"]):
    def standing(self) -> "BrakeQuerySet":
        return self.filter(lifted_at=None)


class Brake(models.Model):
    """Why sending stands still: all of it, or what goes to one receiving domain."""

    class Kind(models.TextChoices):
        OPERATOR = "operator", "paused by an operator"
        BREAKER = "breaker", "refused too often"
        RESTORE = "restore", "the database was restored or copied"
        PREFLIGHT = "preflight", "the preflight failed"

    kind = models.CharField(max_length=12, choices=Kind)
    domain = models.CharField(max_length=254, blank=True, help_text="The receiving domain; empty for everything.")
    why = models.CharField(max_length=500)
    set_by = models.CharField(max_length=150, blank=True, help_text="Empty when the sender set it by itself.")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="When one message may try again; empty: until lifted.")
    openings = models.PositiveSmallIntegerField(default=1, help_text="How often it has been set again since.")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)

    objects: ClassVar[BrakeQuerySet] = BrakeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        permissions = [("pause_sending", "Can pause and resume all sending")]
        constraints = [
            models.UniqueConstraint(fields=["kind", "domain"], condition=Q(lifted_at=None), name="brake_stands_once"),
        ]

    def __str__(self) -> str:
        return f"{self.domain or 'everything'}: {self.why}"


class Preflight(models.Model):
    """One run of the checks of what receivers ask of bulk senders."""

    ran_at = models.DateTimeField()
    by = models.CharField(max_length=150, blank=True, help_text="Who asked for it; empty when it was due.")
    fatal = models.BooleanField(help_text="Whether something holds issues back.")
    findings = models.JSONField(help_text="Objects {check, level: fine|warning|fatal, found, mend}, in order.")

    class Meta:
        ordering = ["-ran_at", "-id"]
        get_latest_by = "ran_at"

    def __str__(self) -> str:
        return f"preflight at {self.ran_at:%Y-%m-%d %H:%M}"


class Home(models.Model):
    """Where this database lives; anywhere else it is a copy or was restored, and sends nothing by itself."""

    place = models.CharField(
        max_length=80, help_text="The cluster's system identifier and timeline, and the numbers of database and table."
    )
    since = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.place


class Bounce(models.Model):
    """A report about a message, with our verdict."""

    class Verdict(models.TextChoices):
        SUPPRESS = "suppress", "suppress"
        SOFT = "soft", "soft"
        SENDER_FAULT = "sender-fault", "sender's fault"
        COMPLAINT = "complaint", "complaint"
        IGNORE = "ignore", "ignore"

    delivery = models.ForeignKey(Delivery, on_delete=models.SET_NULL, null=True, blank=True, related_name="bounces")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, null=True, blank=True, related_name="bounces")
    verdict = models.CharField(max_length=16, choices=Verdict)
    status = models.CharField(max_length=16, blank=True, help_text="Enhanced status code (RFC 3463), if any.")
    why = models.CharField(max_length=500)
    report = models.CharField(max_length=64, blank=True, help_text="Tells this report from others.")
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [BrinIndex(fields=["received_at"], name="bounce_received_brin")]
        constraints = [
            # The same report may come by several ways, and any of them twice.
            models.UniqueConstraint(fields=["delivery", "report"], condition=~Q(report=""), name="bounce_once_a_report"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.status}"


class Feedback(models.Model):
    """An explicit vote on a paper, made from a digest or on the site."""

    class Vote(models.TextChoices):
        MORE = "more", "more like this"
        LESS = "less", "less like this"
        SAVE = "save", "saved"
        MUTE = "mute", "never again"

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="feedback")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="feedback")
    vote = models.CharField(max_length=4, choices=Vote)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "feedback"
        constraints = [models.UniqueConstraint(fields=["subscription", "paper", "vote"], name="feedback_once")]

    def __str__(self) -> str:
        return f"{self.vote} {self.paper_id}"


class DayCount(models.Model):
    """What a UTC day saw, counted once so that no page counts millions of rows: `digest.counts` says what each kind means."""

    day = models.DateField()
    kind = models.CharField(max_length=24)
    key = models.CharField(max_length=254, blank=True, help_text="What it is divided by: a state, a domain, a source's id.")
    number = models.BigIntegerField()

    class Meta:
        ordering = ["day", "kind", "key"]
        constraints = [models.UniqueConstraint(fields=["kind", "day", "key"], name="day_count_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.key}: {self.number}"
