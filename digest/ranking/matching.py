"""How well the papers of a batch meet stated interests: a number in [0, 1] for each paper, 0 below the floor of its kind."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.exact import exact, quanta
from digest.ranking.index import Index, Words
from digest.ranking.inputs import INTEREST_KINDS, Interest, Paper, Profile
from digest.ranking.layers import Floats, Ints
from digest.ranking.meaning import Meaning
from digest.ranking.names import Names
from digest.ranking.terms import BREAK, SHORTEST_PHRASE, Codes, Typed, length_of, phrases_of

WORDS = ("keyword", "text")
"""The kinds of interest that are matched by words."""
LONGEST_QUERY = 120
"""Of a longer text only the rarest phrases are matched, this many."""
PHRASE_SHARE = 0.6
"""How much of a match the phrases make when more than one word was typed; the single words make the rest."""
EXACT_SHARE = 0.5
"""How much of a match the words as written make; the folded words make the rest."""
REMEMBERED = 20_000
"""Different interests whose columns are kept at once; more are forgotten together, and met again when they are asked for."""

CLOSE = 0.45
"""The cosine from which a paper without any word of a free text meets it by meaning alone. A key term is to be matched as it
stands: there, nearness only orders what the words have found."""
AS_IT_STANDS = 4
"""A text of so many words or fewer is matched as it stands: added to what words had found, nearness made slates worse about as
often as better."""
PLACE_BITS, HELD_BITS = 24, 8
TOGETHER = 64
"""Texts whose nearness to all papers is held at once."""

Asked = tuple[str, str, str, bool, bytes]
"""What matters of an interest: kind, value, label, whether it is excluded, and vector."""
_Key = tuple[str, str, bytes]
"""Kind, value and vector of an interest: before its vector is computed it gives less."""


class BadProfile(ValueError):
    """A profile that cannot be ranked; the message names the interest or vote and what is accepted."""


class Column:
    """The papers that meet an interest, those that it meets best first.

    `packed` holds in one number the paper's place, how many of the interest's words it holds (0 where it is not words) and what
    the interest gives it, weighted and in quanta (see `exact`): see PLACE and HELD.
    """

    __slots__ = ("packed", "size")

    def __init__(self, papers: Ints, given: Ints, held: Ints) -> None:
        self.packed = (((given << HELD_BITS) | held) << PLACE_BITS) | papers
        self.size = len(papers)


def places_in(packed: Ints) -> Ints:
    """The papers' places in columns."""
    return packed & ((1 << PLACE_BITS) - 1)


def held_in(packed: Ints) -> Ints:
    """How many words the papers of columns hold."""
    return (packed >> PLACE_BITS) & ((1 << HELD_BITS) - 1)


def given_in(packed: Ints) -> Ints:
    """What the papers of columns are given, in quanta."""
    return packed >> (PLACE_BITS + HELD_BITS)


class Met:
    """A wanted interest, met with the papers: its column, and why papers meet it.

    `words` say why, by how many of the interest's words a paper holds; None where other things of the paper matter too.
    """

    __slots__ = ("column", "said", "words")

    def __init__(self, column: Column, said: "Said", words: int) -> None:
        self.column, self.said = column, said
        self.words = tuple(said[held] for held in range(words + 1)) if said.alike else None


class Unmet:
    """Stands for interests that no paper is ranked by."""


EXCLUDED, SILENT = Unmet(), Unmet()
"""For an excluded interest; for one that says nothing that papers could be matched by, as function words alone do."""


@dataclass(frozen=True, slots=True)
class _Query:
    """A text as phrases with their shares, in the exact and in the folded layer, and its pieces."""

    exact: tuple[Codes, Floats]
    folded: tuple[Codes, Floats]
    pieces: list[int]


class Matcher:
    """Meets interests with the papers of one batch; each distinct interest is met once."""

    def __init__(self, papers: Sequence[Paper], index: Index, configuration: Configuration) -> None:
        self._papers = papers
        self._index = index
        self._configuration = configuration
        self._meaning = Meaning(papers)
        self._names = Names(papers)
        self._columns: dict[_Key, Column] = {}
        self._met: dict[Asked, Met | Unmet] = {}
        self._barred: dict[tuple[str, str], Ints] = {}
        self._queries: dict[str, _Query] = {}

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
        said: dict[Asked, Said] = {}
        for key in asked:
            kind, value, label, excluded, _ = key
            why = None if excluded else self._said(kind, value, label)
            if why is None:
                self._met[key] = EXCLUDED if excluded else SILENT
            else:
                said[key] = why
        keys = {key: (key[0], key[1], key[4]) for key in said}
        missing = [key for key in dict.fromkeys(keys.values()) if key not in self._columns]
        for key_ in missing:
            if key_[0] not in WORDS:
                papers, values = self._meet(*key_[:2])
                self._keep(key_, papers, values, np.zeros(len(papers), np.int64))
        self._meet_words([key for key in missing if key[0] in WORDS])
        for each, why in said.items():
            self._met[each] = Met(self._columns[keys[each]], why, len(self._words_of(each[1])) if each[0] in WORDS else 0)

    def barred(self, interest: Interest) -> Ints:
        """The papers that an excluded interest bars. Words bar only where all stand, as one phrase if there are up to three."""
        key = (interest.kind, interest.value)
        barred = self._barred.get(key)
        if barred is None:
            barred = self._barred[key] = self._bar(*key)
        return barred

    def _said(self, kind: str, value: str, label: str) -> "Said | None":
        """Why papers meet an interest, in plain words. None where it says nothing."""
        words = self._words_of(value) if kind in WORDS else None
        return None if words == [] else Said(kind, value, label, self._index, self._names, words)

    def _words_of(self, value: str) -> list[int]:
        """The single words of a text; none where it has no phrase."""
        query = self._query(value)
        return _single_words(query) if len(query.exact[0]) else []

    def _keep(self, key: _Key, papers: Ints, values: Floats, held: Ints) -> None:
        weight: float = getattr(self._configuration, key[0])
        given = quanta(exact(weight * values))
        some = np.flatnonzero(given > 0)
        some = some[np.argsort(-given[some], kind="stable")]
        self._columns[key] = Column(papers[some], given[some], held[some])

    def _bar(self, kind: str, value: str) -> Ints:
        if kind not in WORDS:
            return self._meet(kind, value)[0]
        wanted = self._query(value).folded[0].tolist()
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

    def _meet_words(self, keys: Sequence[_Key]) -> None:
        """A match by weighted terms, mixed with how often a paper says just what was typed; n mentions count n / (n + 1)."""
        if not keys:
            return
        queries = [self._query(value) for _, value, _ in keys]
        covered = self._index.covered([query.exact for query in queries], [query.folded for query in queries])
        configuration = self._configuration
        least = configuration.match_floor
        for key, query, close, whole in zip(keys, queries, self._near(keys), covered, strict=True):
            papers = np.flatnonzero(whole >= least if least else whole > 0)
            values = np.minimum(whole[papers], 1.0)
            mentions = self._index.wording.mentions(query.pieces, papers)
            if mentions is not None:
                any_, alone = (counts / (counts + 1.0) for counts in mentions)
                verbatim, own = configuration.verbatim_share, configuration.own_phrase_share
                values = (1.0 - verbatim - own) * values + verbatim * any_ + own * alone
            if close is not None:
                if key[0] == "text":
                    papers, values = _with_more(papers, values, np.flatnonzero(close >= CLOSE))
                near_ = configuration.meaning * close[papers]
                # A few words are matched as they stand: nearness finds other papers, and moves none of those that have them.
                values = np.where(values > 0, values, near_) if len(query.pieces) <= AS_IT_STANDS else values + near_
            self._keep(key, papers, values, self._held_by(papers, query))

    def _near(self, keys: Sequence[_Key]) -> Iterator[Floats | None]:
        """For each interest how near it is in meaning to every paper; None without a vector of it, or of any paper."""
        for start in range(0, len(keys), TOGETHER):
            vectors = [vector for _, _, vector in keys[start : start + TOGETHER]]
            known = [vector for vector in vectors if vector and self._meaning]
            rows = iter(self._meaning.near(known) if known else ())
            yield from (next(rows) if known and vector else None for vector in vectors)

    def _query(self, text: str) -> _Query:
        query = self._queries.get(text)
        if query is None:
            typed = self._index.lexicon.look_up(text)
            exact_codes = _shared(phrases_of(typed.exact), self._index.exact, EXACT_SHARE)
            folded_codes = _shared(phrases_of(typed.folded), self._index.folded, 1.0 - EXACT_SHARE)
            query = self._queries[text] = _Query(exact_codes, folded_codes, _bare(typed))
        return query

    def _held_by(self, papers: Ints, query: _Query) -> Ints:
        """How many of a text's single words each of these papers holds."""
        held = np.zeros(len(self._papers), np.int64)
        for code in _single_words(query):
            held[self._index.folded.holders(code)] += 1
        return held[papers]


class Said(dict[int, str]):
    """Why papers meet an interest, in plain words: `self[held]` for a paper that holds so many of its words, where `alike` says

    that nothing else of a paper matters; else `of(paper)`.
    """

    def __init__(self, kind: str, value: str, label: str, index: Index, names: Names, words: Sequence[int] | None) -> None:
        """`words` are the single words of an interest that is words."""
        super().__init__()
        self._kind, self._value, self._index, self._names, self._words = kind, value, index, names, words
        self._label = clipped(label or value, 60)
        # What was typed is said again only while it is short.
        short = kind == "keyword" or len(self._label) <= 40
        self.alike = kind != "author" if words is None else short

    def __missing__(self, held: int) -> str:
        if self._words is None:
            said = f"in your {self._kind} {self._label}"
        elif held:
            said = f"matches “{self._label}” {_terms(held)}"
        else:
            said = f"close in meaning to “{self._label}”"
        self[held] = said
        return said

    def of(self, paper: int) -> str:
        """The words for the paper at this place."""
        if self._words is None:
            return f"by {self._names.spelled(paper, self._value)}, an author you follow"
        holders = self._index.folded.holders
        found = [code for code in self._words if paper in holders(code)]
        return f"matches your words “{self._rarest(found)}” {_terms(len(found))}" if found else self[0]

    def _rarest(self, found: Sequence[int]) -> str:
        rarity = self._index.folded.rarity(np.array(found, np.int64))
        rarest = [found[place] for place in np.argsort(-rarity, kind="stable")[:3].tolist()]
        return ", ".join(self._index.lexicon.phrase(code) for code in rarest)


def _single_words(query: _Query) -> list[int]:
    return [code for code in query.folded[0].tolist() if length_of(code) == 1]


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


def _shared(codes: list[int], words: Words, whole: float) -> tuple[Codes, Floats]:
    """The phrases of a text, each with its share of a match of `whole`: words and phrases apart.

    Of a long text they are the rarest of those that the corpus has, for what nobody writes is rarest of all and finds nothing.
    """
    found = np.array(codes, np.int64)
    if len(found) > LONGEST_QUERY:
        seen = words.seen(found)
        found = found[seen] if seen.any() else found
    rarity = words.rarity(found)
    if len(found) > LONGEST_QUERY:
        rarest = np.sort(np.argsort(-rarity, kind="stable")[:LONGEST_QUERY])
        found, rarity = found[rarest], rarity[rarest]
    alone = found < SHORTEST_PHRASE
    shares = rarity * whole
    for mask, share in ((alone, 1.0 if alone.all() else 1.0 - PHRASE_SHARE), (~alone, PHRASE_SHARE)):
        shares[mask] *= share / (float(rarity[mask].sum()) or 1.0)
    return found, shares


def _bare(typed: Typed) -> list[int]:
    """The pieces from the first word to the last."""
    words = [place for place, piece in enumerate(typed.pieces) if piece > BREAK]
    return typed.pieces[words[0] : words[-1] + 1] if words else []


def _floored(values: Floats, floor: float) -> tuple[Ints, Floats]:
    papers = np.flatnonzero((values >= floor) & (values > 0))
    return papers, values[papers]


def _with_more(papers: Ints, values: Floats, more: Ints) -> tuple[Ints, Floats]:
    """The papers with others among them, ascending, whose value is 0."""
    new = np.setdiff1d(more, papers, assume_unique=True)
    together = np.concatenate([papers, new])
    order = np.argsort(together)
    return together[order], np.concatenate([values, np.zeros(len(new))])[order]


def _in_category(wanted: str, categories: Sequence[str]) -> bool:
    """Whether one of a paper's categories is the wanted one or lies in the wanted archive ("cs" holds "cs.LG")."""
    return any(category.lower() == wanted or category.lower().startswith(wanted + ".") for category in categories)
