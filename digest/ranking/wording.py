"""Whether a paper says what a reader typed in the same words, and as a phrase of its own.

A mention is the typed words in their order, accents, case and the choice of hyphen or space aside, and no part of a hyphenated
word. It stands on its own when the words before and after it are function words, punctuation or nothing: "we study language
models." is about language models, "large language models" is about something narrower.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from digest.ranking.content import Floats
from digest.ranking.inputs import Paper
from digest.ranking.terms import STOP_WORDS, fold

MOST_WORDS = 8
"""Longer texts are descriptions; nobody repeats them word by word."""
_SEPARATORS = re.compile(r"[\s-]+")
_REACH = 40
"""Characters looked at on either side of a mention."""


class Wording:
    """The texts of a batch's papers, folded when first asked for; a title counts twice."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._papers = papers
        self._folded: dict[int, str] = {}

    def mentions(self, typed: str, papers: Iterable[int]) -> tuple[Floats, Floats] | None:
        """For each of the given papers its mentions, and those that stand on their own; None for a text too long to repeat."""
        words = [word for word in _SEPARATORS.split(fold(typed)) if word]
        if not 0 < len(words) <= MOST_WORDS:
            return None
        pattern = re.compile(r"(?<![\w-])" + r"[\s-]+".join(map(re.escape, words)) + r"(?![\w-])")
        counts = [self._count(pattern, self._text(paper)) for paper in papers]
        table = np.array(counts, np.float64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def _text(self, paper: int) -> str:
        text = self._folded.get(paper)
        if text is None:
            title = self._papers[paper].title
            text = self._folded[paper] = fold(f"{title} . {title} . {self._papers[paper].abstract}")
        return text

    def _count(self, pattern: re.Pattern[str], text: str) -> tuple[int, int]:
        all_, alone = 0, 0
        for found in pattern.finditer(text):
            start, end = found.span()
            before = text[max(start - _REACH, 0) : start].split()
            after = text[end : end + _REACH]
            all_ += 1
            alone += _closes(before[-1] if before else "") and (not after[:1].isspace() or _opens((after.split() or [""])[0]))
        return all_, alone


def _closes(word: str) -> bool:
    return not word or not word[-1].isalnum() or word in STOP_WORDS


def _opens(word: str) -> bool:
    return not word or not word[0].isalnum() or word.strip(".,;:!?)") in STOP_WORDS
