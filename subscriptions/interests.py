"""What a subscription asks for, as data: topics, key terms, authors and free text, wanted or never to be shown."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from subscriptions import tokens
from subscriptions.models import Interest, Subscription, Topic

MOST = 60
_LONGEST = 120
_KEYWORD_WORDS = 4


class InterestRefused(ValueError):
    """An interest cannot be used; the text is a sentence for the person who typed it."""


@dataclass(frozen=True)
class Wishes:
    """Stated tastes: topics by slug, the rest as typed."""

    topics: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    excluded_topics: tuple[str, ...] = ()
    excluded_keywords: tuple[str, ...] = ()
    excluded_authors: tuple[str, ...] = ()

    def values(self) -> Iterator[tuple[str, str, bool]]:
        """(kind, value, excluded) of everything but topics."""
        for kind, excluded, values in (
            (Interest.Kind.KEYWORD, False, self.keywords),
            (Interest.Kind.AUTHOR, False, self.authors),
            (Interest.Kind.TEXT, False, self.texts),
            (Interest.Kind.KEYWORD, True, self.excluded_keywords),
            (Interest.Kind.AUTHOR, True, self.excluded_authors),
        ):
            for value in values:
                yield kind.value, value, excluded


@dataclass(frozen=True)
class Replaced:
    """What changed. `unknown_topics` names the slugs that no topic has; they were left out."""

    added: int
    removed: int
    unknown_topics: tuple[str, ...] = field(default=())


def invisible(text: str) -> bool:
    """Whether a text holds controls, marks of direction or other characters that nobody sees."""
    return any(unicodedata.category(each) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for each in text)


def items(typed: str, *, commas: bool = True) -> tuple[str, ...]:
    """What was typed into a box, one item for each line (or comma), spaces tidied, none twice.

    Raises InterestRefused for invisible characters, an item over 120 characters, or more than 60 items.
    """
    found: dict[str, str] = {}
    lines = typed.replace(",", "\n").replace(";", "\n") if commas else typed
    for piece in lines.splitlines():
        item = " ".join(unicodedata.normalize("NFC", piece).split())
        if invisible(item):
            raise InterestRefused("One of these contains an invisible character. Please type it by hand instead of pasting it.")
        if len(item) > _LONGEST:
            raise InterestRefused(f"“{item[:40]}…” is too long. Each may have {_LONGEST} characters; put commas between them.")
        if item:
            found.setdefault(item.casefold(), item)
    if len(found) > MOST:
        raise InterestRefused(f"These are {len(found)}. Please keep the {MOST} that matter most.")
    return tuple(found.values())


def split(interests: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(key terms, free texts): up to four words are a term to be matched as it stands, more are a description."""
    terms: list[str] = []
    texts: list[str] = []
    for each in interests:
        (terms if len(each.split()) <= _KEYWORD_WORDS else texts).append(each)
    return tuple(terms), tuple(texts)


def current(subscription: Subscription) -> Wishes:
    """The subscription's interests, in the order in which they were stated."""
    rows = list(subscription.interests.select_related("topic").order_by("id"))

    def of(kind: Interest.Kind, *, excluded: bool) -> tuple[str, ...]:
        return tuple(
            row.topic.slug if row.topic else row.value for row in rows if row.kind == kind and row.excluded == excluded
        )

    return Wishes(
        topics=of(Interest.Kind.TOPIC, excluded=False),
        keywords=of(Interest.Kind.KEYWORD, excluded=False),
        authors=of(Interest.Kind.AUTHOR, excluded=False),
        texts=of(Interest.Kind.TEXT, excluded=False),
        excluded_topics=of(Interest.Kind.TOPIC, excluded=True),
        excluded_keywords=of(Interest.Kind.KEYWORD, excluded=True),
        excluded_authors=of(Interest.Kind.AUTHOR, excluded=True),
    )


def replace(subscription: Subscription, wishes: Wishes) -> Replaced:
    """Make the subscription's interests these; rows that stay keep their ids, for the reasons in issues refer to them.

    Categories are left as they are. What is both wanted and excluded is excluded. Call it inside a transaction.
    """
    slugs = dict.fromkeys((*wishes.topics, *wishes.excluded_topics))
    topics = {topic.slug: topic for topic in Topic.objects.filter(slug__in=slugs)}
    wanted: dict[tuple[str, int | str], tuple[Topic | None, bool]] = {}
    for slug in slugs:
        if topic := topics.get(slug):
            wanted[Interest.Kind.TOPIC.value, topic.pk] = (topic, slug in wishes.excluded_topics)
    for kind, value, excluded in wishes.values():
        wanted[kind, value] = (None, excluded)

    removed = []
    for row in subscription.interests.exclude(kind=Interest.Kind.CATEGORY):
        key: tuple[str, int | str] = (row.kind, row.value if row.topic_id is None else row.topic_id)
        if key in wanted and wanted[key][1] == row.excluded:
            del wanted[key]
        else:
            removed.append(row.pk)
    subscription.interests.filter(pk__in=removed).delete()
    Interest.objects.bulk_create(
        Interest(
            subscription=subscription,
            kind=kind,
            topic=topic,
            value="" if topic else str(key),
            excluded=excluded,
        )
        for (kind, key), (topic, excluded) in wanted.items()
    )
    return Replaced(len(wanted), len(removed), tuple(slug for slug in slugs if slug not in topics))


@dataclass(frozen=True)
class Stopped:
    """An interest that was stopped, as much of it as brings it back; `proof` says that it was this subscription's."""

    kind: str
    value: str
    label: str
    excluded: bool
    proof: str


def find(subscription: Subscription, interest_id: int) -> Interest | None:
    """One of the subscription's interests."""
    return subscription.interests.select_related("topic").filter(pk=interest_id).first()


def stop(subscription: Subscription, interest_id: int) -> Stopped | None:
    """Match on this interest no more; None when there is none."""
    row = find(subscription, interest_id)
    if row is None:
        return None
    row.delete()
    proof = tokens.sign(tokens.Scope.UNDO, subscription.pk, interest_id)
    return Stopped(row.kind, row.topic.slug if row.topic else row.value, label(row), row.excluded, proof)


def restore(subscription: Subscription, kind: str, value: str, *, excluded: bool, proof: str) -> Interest | None:
    """Bring back a stopped interest under its old id, so that older messages' links still know it.

    None when it cannot be: the proof is not for this subscription, the topic is gone, or the interest stands again already.
    """
    numbers = tokens.read(tokens.Scope.UNDO, proof)
    if numbers is None or len(numbers) != 2 or numbers[0] != subscription.pk:
        return None
    if invisible(value):
        return None
    topic = Topic.objects.filter(slug=value).first() if kind == Interest.Kind.TOPIC else None
    if kind not in Interest.Kind.values or not value or (kind == Interest.Kind.TOPIC and topic is None):
        return None
    text = "" if topic else value[:500]
    if subscription.interests.filter(kind=kind, topic=topic, value=text).exists():
        return None
    if Interest.objects.filter(pk=numbers[1]).exists():
        return None
    row = Interest(pk=numbers[1], subscription=subscription, kind=kind, topic=topic, value=text, excluded=excluded)
    row.save(force_insert=True)
    return row


def exclude(subscription: Subscription, kind: Interest.Kind, value: str) -> tuple[Interest, str] | None:
    """Never show what matches, and what stood before: "" (nothing), "wanted" or "excluded". None for a topic that is none.

    `value` is a topic's slug, or an author's name or key term as shown. Raises InterestRefused as `items` does.
    """
    topic = None
    if kind == Interest.Kind.TOPIC:
        if invisible(value):
            return None
        topic = Topic.objects.filter(slug=value).first()
        if topic is None:
            return None
    else:
        value = next(iter(items(value, commas=False)), "")
        if not value:
            return None
    row, new = subscription.interests.get_or_create(
        kind=kind, topic=topic, value="" if topic else value, defaults={"excluded": True}
    )
    before = "" if new else "excluded" if row.excluded else "wanted"
    if not row.excluded:
        row.excluded = True
        row.save(update_fields=["excluded"])
    return row, before


def include(subscription: Subscription, interest_id: int, before: str) -> Interest | None:
    """Undo `exclude`: what was wanted is wanted again, what was nothing goes; None when the interest is gone."""
    row = find(subscription, interest_id)
    if row is None or before == "excluded":
        return row
    if before == "wanted":
        row.excluded = False
        row.save(update_fields=["excluded"])
    else:
        row.delete()
    return row


def label(row: Interest) -> str:
    """What people call the interest: a topic's name, or the words as typed."""
    return row.topic.name if row.topic else row.value
