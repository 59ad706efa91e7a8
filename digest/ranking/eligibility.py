"""Which papers a reader may be shown at all, and how many are left out for which reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.ranking.inputs import Paper, Profile
from digest.ranking.matching import Matcher

SEEN, MUTED, BARRED = "already sent", "muted", "on your never-show list"


@dataclass(frozen=True, slots=True)
class Eligible:
    """`considered` counts the papers of the window; `excluded` those of them left out, each once, by its first reason."""

    allowed: npt.NDArray[np.bool_]
    considered: int
    excluded: Mapping[str, int]


class Eligibility:
    """The rules that come before any score, for the papers of one batch."""

    def __init__(self, papers: Sequence[Paper], matcher: Matcher) -> None:
        self._ids = np.array([paper.id for paper in papers], np.int64)
        self._listed = np.array([paper.listed_at for paper in papers], np.float64)
        self._place = {paper.id: place for place, paper in enumerate(papers)}
        self._matcher = matcher

    def of(self, profile: Profile) -> Eligible:
        """What the profile's window, history, mutes and exclusions leave."""
        allowed = self._listed >= profile.listed_from
        considered = int(allowed.sum())
        excluded: dict[str, int] = {}
        for reason, places in (
            (SEEN, self._known(profile.seen)),
            (MUTED, self._known(vote.paper.id for vote in profile.votes if vote.kind == "mute")),
            (BARRED, [place for i in profile.interests if i.excluded for place in self._matcher.barred(i).tolist()]),
        ):
            before = int(allowed.sum())
            allowed[list(places)] = False
            if left_out := before - int(allowed.sum()):
                excluded[reason] = left_out
        return Eligible(allowed, considered, excluded)

    def _known(self, ids: Iterable[int]) -> list[int]:
        return [self._place[paper] for paper in ids if paper in self._place]
