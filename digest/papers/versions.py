"""What a new version of a paper changed."""

import datetime as dt
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from digest import text
from digest.models import PaperVersion
from digest.papers.differences import Run, compare


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


@dataclass(frozen=True, slots=True)
class Revision:
    """A version, and how its title and abstract differ from those of the version before it that is known here.

    `title` and `abstract` are empty for the first one known, and where nothing changed.
    """

    number: int
    announced_at: dt.datetime
    since: int | None
    changed: Changed | None
    title: Sequence[Run] = ()
    abstract: Sequence[Run] = ()


def revisions(versions: Iterable[PaperVersion]) -> list[Revision]:
    """A paper's versions, given in order, the newest first."""
    known = list(versions)
    found = [Revision(each.number, each.announced_at, None, None) for each in known[:1]]
    for earlier, later in pairwise(known):
        difference = changed((earlier.title_source, earlier.abstract_source), (later.title_source, later.abstract_source))
        title = compare(text.clean(earlier.title_source), text.clean(later.title_source)) if difference.title else ()
        old, new = text.clean(earlier.abstract_source), text.clean(later.abstract_source)
        abstract = compare(old, new) if old.split() != new.split() else ()
        found.append(Revision(later.number, later.announced_at, earlier.number, difference, title, abstract))
    return found[::-1]
