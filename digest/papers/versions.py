"""What a new version of a paper changed."""

import difflib
from dataclasses import dataclass

from digest import text


@dataclass(frozen=True, slots=True)
class Changed:
    """`title`: whether it did; `abstract`: the share of words that are not the same, in [0, 1]."""

    title: bool
    abstract: float

    def __str__(self) -> str:
        share = f"{self.abstract:.0%} of the abstract" if self.abstract >= 0.005 else ""
        words = " and ".join(filter(None, ("the title" if self.title else "", share)))
        return words or "neither title nor abstract"


def changed(earlier: tuple[str, str], later: tuple[str, str]) -> Changed:
    """How one version's (title, abstract), as the source wrote them, differs from another's once both are clean."""
    (title, abstract), (new_title, new_abstract) = (tuple(map(text.clean, version)) for version in (earlier, later))
    matcher = difflib.SequenceMatcher(None, abstract.split(), new_abstract.split(), autojunk=False)
    return Changed(title != new_title, round(1 - matcher.ratio(), 3))
