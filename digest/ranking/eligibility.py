"""Which papers a reader may be shown at all, and how many are left out for which reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.inputs import Interest, Paper, Profile
from digest.ranking.layers import Bools
from digest.ranking.matching import Matcher

SEEN, MUTED, BARRED = "already sent", "muted", "on your never-show list"


@dataclass(frozen=True, slots=True)
class Eligible:
    """`inside` holds for each paper of the window, and is None when that is all of them; of these `left_out` may not be shown.

    `considered` counts the papers of the window; `excluded` those left out, each once, by its first reason.
    """

    inside: Bools | None
    left_out: Sequence[int]
    considered: int
    excluded: Mapping[str, int]


class Eligibility:
    """The rules that come before any score, for the papers of one batch."""

    def __init__(self, papers: Sequence[Paper], matcher: Matcher) -> None:
        self._listed = np.array([paper.listed_at for paper in papers], np.float64)
        self._place = {paper.id: place for place, paper in enumerate(papers)}
        self._matcher = matcher

    def of(self, profiles: Sequence[Profile], unwanted: Sequence[Sequence[Interest]]) -> list[Eligible]:
        """What each profile's window, history, mutes and exclusions leave; `unwanted` are the interests it excludes."""
        windows: dict[float, Eligible] = {}
        found = []
        for profile, each in zip(profiles, unwanted, strict=True):
            window = windows.get(profile.listed_from)
            if window is None:
                inside = self._listed >= profile.listed_from
                considered = int(inside.sum())
                window = windows[profile.listed_from] = Eligible(
                    None if considered == len(inside) else inside, (), considered, {}
                )
            found.append(self._of(profile, window, each) if profile.seen or profile.votes or each else window)
        return found

    def _of(self, profile: Profile, window: Eligible, unwanted: Sequence[Interest]) -> Eligible:
        """Readers without any exclusion share the window's own answer."""
        place, inside = self._place, window.inside
        seen = [place[paper] for paper in profile.seen if paper in place] if profile.seen else ()
        muted = [place[vote.paper.id] for vote in profile.votes if vote.kind == "mute" and vote.paper.id in place]
        barred = [at for each in unwanted for at in self._matcher.barred(each).tolist()]
        if not seen and not muted and not barred:
            return window
        left_out: set[int] = set()
        excluded: dict[str, int] = {}
        for reason, places in ((SEEN, seen), (MUTED, muted), (BARRED, barred)):
            before = len(left_out)
            left_out.update(places if inside is None else (at for at in places if inside[at]))
            if len(left_out) > before:
                excluded[reason] = len(left_out) - before
        return Eligible(inside, tuple(left_out), window.considered, excluded)
