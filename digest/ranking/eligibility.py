"""Which papers a reader may be shown at all, and how many are left out for which reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.inputs import Paper, Profile
from digest.ranking.layers import Bools
from digest.ranking.matching import Matcher

SEEN, MUTED, BARRED = "already sent", "muted", "on your never-show list"


@dataclass(frozen=True, slots=True)
class Eligible:
    """`allowed` holds for each paper that may be shown. `considered` counts the papers of the window; `excluded` those of them
    left out, each once, by its first reason."""

    allowed: Bools
    considered: int
    excluded: Mapping[str, int]


class Eligibility:
    """The rules that come before any score, for the papers of one batch."""

    def __init__(self, papers: Sequence[Paper], matcher: Matcher) -> None:
        self._listed = np.array([paper.listed_at for paper in papers], np.float64)
        self._place = {paper.id: place for place, paper in enumerate(papers)}
        self._matcher = matcher

    def of(self, profiles: Sequence[Profile]) -> list[Eligible]:
        """What each profile's window, history, mutes and exclusions leave."""
        windows: dict[float, tuple[Bools, int]] = {}
        found = []
        for profile in profiles:
            window = windows.get(profile.listed_from)
            if window is None:
                inside = self._listed >= profile.listed_from
                window = windows[profile.listed_from] = (inside, int(inside.sum()))
            found.append(self._of(profile, *window))
        return found

    def _of(self, profile: Profile, window: Bools, considered: int) -> Eligible:
        """Readers without any exclusion share the window's own array."""
        allowed, excluded = window, dict[str, int]()
        seen = [self._place[paper] for paper in profile.seen & self._place.keys()] if profile.seen else ()
        muted = [self._place[vote.paper.id] for vote in profile.votes if vote.kind == "mute" and vote.paper.id in self._place]
        barred = [place for each in profile.interests if each.excluded for place in self._matcher.barred(each).tolist()]
        for reason, places in ((SEEN, seen), (MUTED, muted), (BARRED, barred)):
            left_out = {place for place in places if allowed[place]} if places else ()
            if left_out:
                allowed = allowed.copy() if allowed is window else allowed
                allowed[list(left_out)] = False
                excluded[reason] = len(left_out)
        return Eligible(allowed, considered, excluded)
