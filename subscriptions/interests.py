"""What a subscription asks for, as data: topics, key terms, authors and free text, wanted or never to be shown."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

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
