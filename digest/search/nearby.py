"""What else to look at: topics that share words with a query, and the query with fewer words."""

from collections.abc import Iterable

from django.db.models import Count

from digest.search.asking import Nearby
from digest.search.reading import Query, words
from subscriptions.models import Topic

_TOPICS = 3


def nearby(query: Query, frequency: Iterable[tuple[str, int]]) -> tuple[Nearby, ...]:
    """Topics named by the query's words; and, where nothing was found, the query without its rarest word.

    `frequency` is given where nothing was found: the words with the number of papers that hold each. Then, when no topic is
    near, the topics that most papers belong to.
    """
    counts = dict(frequency)
    found = topics(query.plain)
    if counts and not found:
        largest = Topic.objects.annotate(size=Count("paper_topics")).filter(size__gt=0).order_by("-size", "name")[:_TOPICS]
        found = [Nearby(topic.name, topic.slug) for topic in largest]
    fewer = _fewer(query, counts)
    return tuple([Nearby(fewer)] if fewer else []) + tuple(found)


def topics(typed: str) -> list[Nearby]:
    """Topics whose name or key terms hold the words, those that hold most of them first."""
    asked = {_singular(word) for word in words(typed)}
    if not asked:
        return []
    near = []
    for slug, name, terms in Topic.objects.values_list("slug", "name", "key_terms"):
        named = {_singular(word) for word in words(name)}
        phrases = [{_singular(word) for word in words(term)} for term in [name, *terms]]
        whole = max((len(phrase) for phrase in phrases if phrase and phrase <= asked), default=0)
        if whole or (len(asked) == 1 and asked <= named):
            near.append((-whole, -len(asked & named), name, slug))
    return [Nearby(name, slug) for _, _, name, slug in sorted(near)[:_TOPICS]]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _fewer(query: Query, frequency: dict[str, int]) -> str:
    """The wanted words that papers know, when some are known and some are not."""
    known = [term.text for term in query.terms if term.words and all(frequency.get(word) for word in term.words)]
    return " ".join(known) if known and len(known) < len(query.terms) else ""
