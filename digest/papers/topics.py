"""Which topics a paper belongs to: a scored match by arXiv category and key term.

Each piece of evidence e has a weight w(e) in (0, 1); a topic's score is 1 - product(1 - w(e)), so that many weak hints add up
to a strong one and none passes 1.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, count

Term = tuple[str, ...]

LEAST_SCORE = 0.3
MOST_TOPICS = 8

_PRIMARY, _SECONDARY, _ARCHIVE = 0.6, 0.42, 0.45
_IN_TITLE = (0.36, 0.5)  # a term of one word, of several
_IN_ABSTRACT = (0.17, 0.26)
_AS_KEYWORD = 0.3
_MENTIONS = 3
# Everything in ASCII but letters and digits sets words apart.
_APART = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes a paper belong to a topic. An archive (`astro-ph`, `math`) stands for all its categories."""

    topic: int
    slug: str
    categories: tuple[str, ...]
    key_terms: tuple[str, ...]


def words(text: str) -> list[str]:
    """Lower-case words without accents and plural endings: "Schrödinger bridges" -> ["schrodinger", "bridge"]."""
    lowered = text.lower()
    if not lowered.isascii():
        lowered = unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode()
    return list(map(_SINGULAR.__getitem__, lowered.translate(_APART).split()))


def _singular(word: str) -> str:
    if len(word) < 4 or word[-1] != "s" or word[-2] in "sui":
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]


class _Singulars(dict[str, str]):
    """Words already brought to the singular; forgotten when they are too many."""

    def __missing__(self, word: str) -> str:
        if len(self) > 100_000:
            self.clear()
        self[word] = singular = _singular(word)
        return singular


_SINGULAR = _Singulars()


class Matcher:
    """Matches papers against all topics at once, in time proportional to the paper's words."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._slugs = {rule.topic: rule.slug for rule in rules}
        self._categories: dict[str, list[int]] = defaultdict(list)
        terms: dict[Term, list[int]] = defaultdict(list)
        for rule in rules:
            for category in dict.fromkeys(rule.categories):
                self._categories[category.lower()].append(rule.topic)
            for term in dict.fromkeys(tuple(words(term)) for term in rule.key_terms):
                if term:
                    terms[term].append(rule.topic)
        # A term that several topics claim says less about each.
        self._terms = {term: [(topic, 1 / math.sqrt(len(topics))) for topic in topics] for term, topics in terms.items()}
        # first word -> (the term that is this word alone, second word -> the terms that begin with both)
        self._begun: dict[str, tuple[Term | None, dict[str, list[Term]]]] = {}
        for term in self._terms:
            alone, longer = self._begun.get(term[0], (None, {}))
            if len(term) > 1:
                longer.setdefault(term[1], []).append(term)
            self._begun[term[0]] = (term if len(term) == 1 else alone, longer)

    def match(self, title: str, abstract: str, categories: Sequence[str], keywords: Iterable[str] = ()) -> dict[int, float]:
        """Topic -> score in [0.3, 1], the best eight; the first category is the primary one."""
        misses: dict[int, float] = defaultdict(lambda: 1.0)
        for position, category in enumerate(categories):
            lowered = category.lower()
            for topic in self._categories.get(lowered, ()):
                misses[topic] *= 1 - (_SECONDARY if position else _PRIMARY)
            archive = lowered.partition(".")[0]
            for topic in self._categories.get(archive, ()) if archive != lowered else ():
                misses[topic] *= 1 - (_ARCHIVE / 2 if position else _ARCHIVE)
        self._weigh(misses, self._found(words(title)), _IN_TITLE)
        self._weigh(misses, self._found(words(abstract)), _IN_ABSTRACT)
        for keyword in keywords:
            for topic, share in self._terms.get(tuple(words(keyword)), ()):
                misses[topic] *= 1 - _AS_KEYWORD * share
        scored = [(round(1 - miss, 4), topic) for topic, miss in misses.items() if 1 - miss >= LEAST_SCORE]
        scored.sort(key=lambda pair: (-pair[0], self._slugs[pair[1]]))
        return {topic: score for score, topic in scored[:MOST_TOPICS]}

    def _found(self, said: list[str]) -> Mapping[Term, int]:
        found: Counter[Term] = Counter()
        begun = self._begun
        for position in compress(count(), map(begun.__contains__, said)):
            alone, longer = begun[said[position]]
            if alone is not None:
                found[alone] += 1
            for term in longer.get(said[position + 1], ()) if longer and position + 1 < len(said) else ():
                if len(term) == 2 or tuple(said[position : position + len(term)]) == term:
                    found[term] += 1
        return found

    def _weigh(self, misses: dict[int, float], found: Mapping[Term, int], weights: tuple[float, float]) -> None:
        for term, mentions in found.items():
            weight = weights[len(term) > 1]
            for topic, share in self._terms[term]:
                for mention in range(min(mentions, _MENTIONS)):
                    # Saying it again says less: half as much each time.
                    misses[topic] *= 1 - weight * share / 2**mention
