"""Whether an author is the person a reader follows: accents, order and initials aside."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from digest.ranking.inputs import Paper
from digest.ranking.layers import Ints
from digest.ranking.terms import fold


def parts(name: str) -> tuple[str, ...]:
    """A name's words in writing order, folded: ("yann", "lecun") for "LeCun, Yann" and for "Yann LeCun"."""
    last, comma, first = name.partition(",")
    ordered = f"{first} {last}" if comma else name
    return tuple("".join(letter if letter.isalnum() else " " for letter in fold(ordered)).split())


def same_person(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Equal last names, and first names that agree or abbreviate each other; or the same words in any order."""
    if not one or not other:
        return False
    if sorted(one) == sorted(other):
        return True
    if one[-1] != other[-1] or len(one) < 2 or len(other) < 2:
        return False
    first, second = one[0], other[0]
    return first == second or (min(len(first), len(second)) == 1 and first[0] == second[0])


class Names:
    """The authors of a batch's papers, found by any word of their names."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._authors = [paper.authors for paper in papers]
        self._by_word: dict[str, list[tuple[int, tuple[str, ...], str]]] = defaultdict(list)
        self._ready = False

    def papers_by(self, name: str) -> Ints:
        """The papers of an author, ascending."""
        wanted = parts(name)
        return np.array(sorted({paper for paper, words, _ in self._candidates(wanted) if same_person(wanted, words)}), np.int64)

    def spelled(self, paper: int, name: str) -> str:
        """The name as the paper spells it."""
        wanted = parts(name)
        return next((author for author in self._authors[paper] if same_person(wanted, parts(author))), name)

    def _candidates(self, wanted: tuple[str, ...]) -> list[tuple[int, tuple[str, ...], str]]:
        if not wanted:
            return []
        if not self._ready:
            for paper, authors in enumerate(self._authors):
                for author in authors:
                    words = parts(author)
                    for word in set(words):
                        self._by_word[word].append((paper, words, author))
            self._ready = True
        return self._by_word.get(wanted[-1], [])
