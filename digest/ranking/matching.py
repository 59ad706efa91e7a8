"""How well the papers of a batch meet stated interests: a number in [0, 1] for each paper, 0 below the floor of its kind."""

from collections.abc import Callable, Sequence
from operator import attrgetter

import numpy as np

from digest.ranking.by_words import Key, met_by_words
from digest.ranking.columns import Column, columns_of
from digest.ranking.configuration import Configuration
from digest.ranking.exact import exact, quanta
from digest.ranking.index import Index
from digest.ranking.inputs import INTEREST_KINDS, Interest, Paper, Profile
from digest.ranking.layers import Floats, Ints
from digest.ranking.meaning import Meaning
from digest.ranking.names import Names
from digest.ranking.queries import Query, queries_of
from digest.ranking.terms import length_of

WORDS = ("keyword", "text")
"""The kinds of interest that are matched by words."""
REMEMBERED = 20_000
"""Different interests whose columns are kept at once; more are forgotten together, and met again when they are asked for."""

Asked = tuple[str, str, str, bool, bytes]
"""What matters of an interest: kind, value, label, whether it is excluded, and vector."""


class BadProfile(ValueError):
    """A profile that cannot be ranked; the message names the interest or vote and what is accepted."""


class Met:
    """A wanted interest, met with the papers: its column, and why papers meet it.

    `words` say why, by how many of the interest's words a paper holds; None where other things of the paper matter too.
    """

    __slots__ = ("column", "said", "words")

    def __init__(self, column: Column, said: "Said") -> None:
        self.column, self.said = column, said
        self.words = said.all() if said.alike else None


class Unmet:
    """Stands for interests that no paper is ranked by."""


EXCLUDED, SILENT = Unmet(), Unmet()
"""For an excluded interest; for one that says nothing that papers could be matched by, as function words alone do."""


class Matcher:
    """Meets interests with the papers of one batch; each distinct interest is met once."""

    def __init__(self, papers: Sequence[Paper], index: Index, configuration: Configuration) -> None:
        self._papers = papers
        self._index = index
        self._configuration = configuration
        self._meaning = Meaning(papers)
        self._names = Names(papers)
        self._columns: dict[Key, Column] = {}
        self._met: dict[Asked, Met | Unmet] = {}
        self._barred: dict[tuple[str, str], Ints] = {}
        self._queries: dict[str, Query] = {}

    def forget(self) -> None:
        """Make room when too much is remembered. Nothing that is answered depends on it."""
        if max(len(self._columns), len(self._queries), len(self._barred), len(self._met)) > REMEMBERED:
            for remembered in (self._columns, self._queries, self._barred, self._met):
                remembered.clear()

    def met(self, profiles: Sequence[Profile], asked: Sequence[Sequence[Asked]]) -> list[list[Met | Unmet]]:
        """What `asked` of each profile's interests has met. BadProfile for an interest of unknown kind."""
        known = self._met
        new: dict[Asked, None] = {}
        for profile, each in zip(profiles, asked, strict=True):
            if not all(map(known.__contains__, each)):
                for interest, key in zip(profile.interests, each, strict=True):
                    if interest.kind not in INTEREST_KINDS:
                        raise BadProfile(unknown_kind(interest))
                    if key not in known:
                        new[key] = None
        if new:
            self._meet_all(list(new))
        return [list(map(known.__getitem__, each)) for each in asked]

    def _meet_all(self, asked: Sequence[Asked]) -> None:
        self._look_up([value for kind, value, *_ in asked if kind in WORDS])
        said: dict[Asked, Said] = {}
        for key in asked:
            kind, value, label, excluded, _ = key
            words = self._queries[value].words if kind in WORDS else None
            if excluded or words == []:
                self._met[key] = EXCLUDED if excluded else SILENT
            else:
                said[key] = Said(kind, value, label, self._index, self._names, words)
        keys = {key: (key[0], key[1], key[4]) for key in said}
        missing = [key for key in dict.fromkeys(keys.values()) if key not in self._columns]
        typed = [key for key in missing if key[0] in WORDS]
        queries = [self._queries[value] for _, value, _ in typed]
        columns = met_by_words(typed, queries, self._index, self._meaning, self._configuration)
        self._columns |= zip(typed, columns, strict=True)
        for key_ in missing:
            if key_[0] not in WORDS:
                self._columns[key_] = self._column(*key_[:2])
        for each, why in said.items():
            self._met[each] = Met(self._columns[keys[each]], why)

    def _look_up(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._queries]
        if new:
            self._queries |= zip(new, queries_of(new, self._index), strict=True)

    def _column(self, kind: str, value: str) -> Column:
        papers, values = self._meet(kind, value)
        weight: float = getattr(self._configuration, kind)
        nothing = np.zeros(len(papers), np.int64)
        return next(columns_of(nothing, papers, quanta(exact(weight * values)), nothing, 1))

    def barred(self, interest: Interest) -> Ints:
        """The papers that an excluded interest bars. Words bar only where all stand, as one phrase if there are up to three."""
        key = (interest.kind, interest.value)
        barred = self._barred.get(key)
        if barred is None:
            barred = self._barred[key] = self._bar(*key)
        return barred

    def _bar(self, kind: str, value: str) -> Ints:
        if kind not in WORDS:
            return self._meet(kind, value)[0]
        self._look_up([value])
        wanted = self._queries[value].folded[0].tolist()
        longest = max(map(length_of, wanted), default=0)
        held = [self._index.folded.holders(code) for code in wanted if length_of(code) == longest]
        papers = held[0] if held else np.empty(0, np.int64)
        for others in held[1:]:
            papers = np.intersect1d(papers, others)
        return papers

    def _meet(self, kind: str, value: str) -> tuple[Ints, Floats]:
        if kind == "topic":
            scores = np.array([paper.topics.get(value, 0.0) for paper in self._papers], np.float64)
            return _floored(np.clip(scores, 0.0, 1.0), self._configuration.topic_floor)
        if kind == "category":
            wanted = value.strip().lower()
            return _floored(np.array([float(_in_category(wanted, paper.categories)) for paper in self._papers]), 0.5)
        papers = self._names.papers_by(value)
        return papers, np.ones(len(papers))


class Said:
    """Why papers meet an interest, in plain words: `self.all()` by how many of its words a paper holds, where `alike` says that

    nothing else of a paper matters; else `of(paper)`.
    """

    def __init__(self, kind: str, value: str, label: str, index: Index, names: Names, words: Sequence[int] | None) -> None:
        """`words` are the single words of an interest that is words."""
        self._kind, self._value, self._index, self._names, self._words = kind, value, index, names, words
        self._label = clipped(label or value, 60)
        # What was typed is said again only while it is short.
        short = kind == "keyword" or len(self._label) <= 40
        self.alike = kind != "author" if words is None else short

    def all(self) -> tuple[str, ...]:
        """The words for none of its words held, for one, and so on."""
        if self._words is None:
            return (f"in your {self._kind} {self._label}",)
        matches = (f"matches “{self._label}” {_terms(held)}" for held in range(1, len(self._words) + 1))
        return (f"close in meaning to “{self._label}”", *matches)

    def of(self, paper: int) -> str:
        """The words for the paper at this place."""
        if self._words is None:
            return f"by {self._names.spelled(paper, self._value)}, an author you follow"
        holders = self._index.folded.holders
        found = [code for code in self._words if paper in holders(code)]
        return f"matches your words “{self._rarest(found)}” {_terms(len(found))}" if found else self.all()[0]

    def _rarest(self, found: Sequence[int]) -> str:
        rarity = self._index.folded.rarity(np.array(found, np.int64))
        rarest = [found[place] for place in np.argsort(-rarity, kind="stable")[:3].tolist()]
        return ", ".join(self._index.lexicon.phrase(code) for code in rarest)


def _terms(found: int) -> str:
    return f"({found} term)" if found == 1 else f"({found} terms)"


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis when something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


_ASKED: Callable[[Interest], Asked] = attrgetter("kind", "value", "label", "excluded", "meaning")


def asked_of(profile: Profile) -> tuple[Asked, ...]:
    """What matters of each of a profile's interests."""
    return tuple(map(_ASKED, profile.interests))


def unknown_kind(interest: Interest) -> str:
    """The words for an interest of a kind that nothing can be matched by."""
    return f"interest {interest.handle} has the kind {interest.kind!r}; known kinds are {', '.join(sorted(INTEREST_KINDS))}"


def _floored(values: Floats, floor: float) -> tuple[Ints, Floats]:
    papers = np.flatnonzero((values >= floor) & (values > 0))
    return papers, values[papers]


def _in_category(wanted: str, categories: Sequence[str]) -> bool:
    """Whether one of a paper's categories is the wanted one or lies in the wanted archive ("cs" holds "cs.LG")."""
    return any(category.lower() == wanted or category.lower().startswith(wanted + ".") for category in categories)
