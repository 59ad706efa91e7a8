"""How well the papers of a batch meet one stated interest: a number in [0, 1] for each paper, 0 below the floor of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.content import Floats, Index, Ints
from digest.ranking.inputs import INTEREST_KINDS, Interest, Paper
from digest.ranking.names import Names
from digest.ranking.terms import length_of, phrases_of
from digest.ranking.wording import Wording

LONGEST_QUERY = 120
"""Of a longer text only the rarest phrases are matched, this many."""
PHRASE_SHARE = 0.6
"""How much of a match the phrases make when the reader typed more than one word; the single words make the rest."""
PRESENCE_OF_ONE_MENTION = 0.5


class BadProfile(ValueError):
    """A profile that cannot be ranked; the message names the interest or vote and what is accepted."""


@dataclass(frozen=True, slots=True)
class Column:
    """The papers that meet an interest, ascending, and how well each does."""

    papers: Ints
    values: Floats


class Matcher:
    """Meets interests with the papers of one batch; each distinct interest is met once."""

    def __init__(self, papers: Sequence[Paper], index: Index, configuration: Configuration) -> None:
        self._papers = papers
        self._index = index
        self._configuration = configuration
        self._names = Names(papers)
        self._wording = Wording(papers)
        self._columns: dict[tuple[str, str], Column] = {}
        self._queries: dict[str, list[int]] = {}

    def column(self, interest: Interest) -> Column:
        """The papers that meet a wanted interest."""
        key = (interest.kind, interest.value)
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = self._meet(interest)
        return column

    def barred(self, interest: Interest) -> Ints:
        """The papers that an excluded interest bars. Words and texts bar only where the whole phrase stands."""
        if interest.kind not in ("keyword", "text"):
            return self.column(interest).papers
        numbers = self._index.lexicon.read(interest.value)
        wanted = phrases_of(numbers, 3)
        longest = max((length_of(code) for code in wanted), default=0)
        columns = self._index.columns(np.array([code for code in wanted if length_of(code) == longest], np.int64))
        if not len(columns) or (columns < 0).any():
            return np.empty(0, np.int64)
        papers = self._index.holders(int(columns[0]))[0]
        for column in columns[1:].tolist():
            papers = np.intersect1d(papers, self._index.holders(column)[0])
        return np.sort(papers).astype(np.int64)

    def usable(self, interest: Interest) -> bool:
        """Whether an interest says anything that papers could be matched by; stop words alone do not."""
        return interest.kind not in ("keyword", "text") or bool(self._query(interest.value))

    def words(self, interest: Interest, paper: int) -> str:
        """Why a paper meets an interest, in plain words."""
        label = interest.label or interest.value
        if interest.kind == "topic":
            return f"in your topic {label}"
        if interest.kind == "category":
            return f"in your category {label}"
        if interest.kind == "author":
            return f"by {self._names.spelled(paper, interest.value)}, an author you follow"
        found = [code for code in self._query(interest.value) if length_of(code) == 1 and self._holds(paper, code)]
        count = f"({len(found)} term{'s' if len(found) != 1 else ''})"
        if interest.kind == "keyword":
            return f"matches “{_clipped(label)}” {count}"
        rarest = sorted(found, key=lambda code: -self._rarity([code])[0])[:3]
        named = ", ".join(self._index.lexicon.phrase(code) for code in rarest)
        return f"matches your words “{named}” {count}"

    def _meet(self, interest: Interest) -> Column:
        if interest.kind not in INTEREST_KINDS:
            kinds = ", ".join(sorted(INTEREST_KINDS))
            raise BadProfile(f"interest {interest.handle} has the kind {interest.kind!r}; known kinds are {kinds}")
        if interest.kind == "topic":
            scores = np.array([paper.topics.get(interest.value, 0.0) for paper in self._papers])
            return _floored(np.clip(scores, 0.0, 1.0), self._configuration.topic_floor)
        if interest.kind == "category":
            wanted = interest.value.strip().lower()
            return _floored(np.array([float(_in_category(wanted, paper.categories)) for paper in self._papers]), 0.5)
        if interest.kind == "author":
            papers = self._names.papers_by(interest.value)
            return Column(papers, np.ones(len(papers)))
        return self._meet_words(interest.value)

    def _meet_words(self, text: str) -> Column:
        scores = np.zeros(len(self._papers))
        codes = self._query(text)
        rarity = self._rarity(codes)
        alone = np.array([length_of(code) == 1 for code in codes], bool)
        shares = np.zeros(len(codes))
        phrase_share = PHRASE_SHARE if (~alone).any() else 0.0
        for mask, share in ((alone, 1.0 - phrase_share), (~alone, phrase_share)):
            if share and mask.any():
                shares[mask] = share * rarity[mask] / rarity[mask].sum()
        for column, share in zip(self._index.columns(np.array(codes, np.int64)).tolist(), shares.tolist(), strict=True):
            if column >= 0:
                papers, presence = self._index.holders(column)
                scores[papers] += share * presence / (presence + PRESENCE_OF_ONE_MENTION) * (1 + PRESENCE_OF_ONE_MENTION)
        return self._worded(text, _floored(np.minimum(scores, 1.0), self._configuration.match_floor))

    def _worded(self, text: str, column: Column) -> Column:
        """A match by weighted terms, mixed with how often the paper says just what was typed; n mentions count n / (n + 1)."""
        mentions = self._wording.mentions(text, column.papers.tolist())
        if mentions is None:
            return column
        any_, alone = (counts / (counts + 1.0) for counts in mentions)
        verbatim, own = self._configuration.verbatim_share, self._configuration.own_phrase_share
        return Column(column.papers, (1.0 - verbatim - own) * column.values + verbatim * any_ + own * alone)

    def _query(self, text: str) -> list[int]:
        """The phrases of what a reader typed; of a long text the rarest."""
        codes = self._queries.get(text)
        if codes is None:
            codes = phrases_of(self._index.lexicon.read(text))
            if len(codes) > LONGEST_QUERY:
                known = np.array(codes, np.int64)
                order = np.lexsort((known, -self._rarity(codes)))[:LONGEST_QUERY]
                codes = known[np.sort(order)].tolist()
            self._queries[text] = codes
        return codes

    def _rarity(self, codes: list[int]) -> Floats:
        return self._index.model.rarity(np.array(codes, np.int64))

    def _holds(self, paper: int, code: int) -> bool:
        column = int(self._index.columns(np.array([code], np.int64))[0])
        return column >= 0 and bool(np.isin(paper, self._index.holders(column)[0]))


def _floored(values: Floats, floor: float) -> Column:
    papers = np.flatnonzero((values >= floor) & (values > 0))
    return Column(papers, values[papers])


def _in_category(wanted: str, categories: Sequence[str]) -> bool:
    """Whether one of a paper's categories is the wanted one or lies in the wanted archive ("cs" holds "cs.LG")."""
    return any(category.lower() == wanted or category.lower().startswith(wanted + ".") for category in categories)


def _clipped(label: str, limit: int = 60) -> str:
    return label if len(label) <= limit else label[: limit - 1].rstrip() + "…"
