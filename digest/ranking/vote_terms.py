"""What single votes give single papers: what the votes' part of a score would lose without each of them."""

from collections.abc import Sequence

import numpy as np

from digest.ranking.explaining import TOGETHER, Terms, voted
from digest.ranking.given import Given, vote_of
from digest.ranking.layers import Ints
from digest.ranking.votes import Cast


def vote_terms(name: str, casts: Sequence[Cast], given: Given, owner: Ints, place: Ints) -> Terms:
    """The terms of these readers' (`owner`) votes in the scores of these papers (`place`).

    `name` is vote, or less for votes against, which take away; `given` is what the votes give together.
    """
    sign = 1.0 if name == "vote" else -1.0
    choice, vote = vote_of(given.votes, owner)
    total = given.at(owner, place)
    # A vote may also take away what the others would have given alone, down to nothing.
    lost = total[choice] - given.without(vote, place[choice])
    left = total - np.bincount(choice, lost, len(owner))
    some, more = np.flatnonzero(lost), np.flatnonzero(left)
    votes = [cast.votes[at] for cast, each in zip(casts, given.weightiest, strict=True) for at in each]
    handles, words = [each.handle for each in votes], [voted(each) for each in votes]
    said = vote[some].tolist()
    together, in_common = TOGETHER[name]
    return Terms.of(
        np.concatenate([choice[some], more]),
        sign * np.concatenate([lost[some], left[more]]),
        [name] * len(some) + [together] * len(more),
        [handles[each] for each in said] + [""] * len(more),
        [words[each] for each in said] + [in_common] * len(more),
    )
