"""What single votes give single papers: what the votes' part of a score would lose without each of them."""

from collections.abc import Sequence

import numpy as np

from digest.ranking.configuration import Configuration
from digest.ranking.explaining import TOGETHER, Terms, voted
from digest.ranking.layers import Ints, spread
from digest.ranking.votes import Ballot, Cast, Given, Read

VOTES_SHOWN = 8
"""Of how many votes, the weightiest, the own part in a score is worked out; the others stay together."""


def vote_terms(
    ballot: Ballot, read: Read, configuration: Configuration, name: str, casts: Sequence[Cast], given: Given, owner: Ints, place: Ints
) -> Terms:
    """The terms of these readers' (`owner`) votes in the scores of these papers (`place`).

    `name` is vote, or less for votes against, which take away; `given` is what the votes give together.
    """
    weight: float = getattr(configuration, name)
    sign = 1.0 if name == "vote" else -1.0
    variants = [_weightiest(cast) for cast in casts]
    counts = np.array([len(each) for each in variants], np.int64)
    first = np.cumsum(counts) - counts
    # A vote may also take away what the others would have given alone, down to nothing.
    choice, number = spread(counts[owner])
    vote = first[owner[choice]] + number
    rests = [cast.without(vote) for cast, each in zip(casts, variants, strict=True) for vote in each]
    total = given.at(owner, place)
    lost = total[choice] - ballot.given_to(rests, read, weight, vote, place[choice])
    left = total - np.bincount(choice, lost, len(owner))
    some, more = np.flatnonzero(lost), np.flatnonzero(left)
    cast_votes = [cast.votes[vote] for cast, each in zip(casts, variants, strict=True) for vote in each]
    handles, words = [each.handle for each in cast_votes], [voted(each) for each in cast_votes]
    votes = vote[some].tolist()
    together, in_common = TOGETHER[name]
    return Terms(
        np.concatenate([choice[some], more]),
        sign * np.concatenate([lost[some], left[more]]),
        [name] * len(some) + [together] * len(more),
        [handles[each] for each in votes] + [""] * len(more),
        [words[each] for each in votes] + [in_common] * len(more),
    )


def _weightiest(cast: Cast) -> Sequence[int]:
    """Places of the votes whose own part is worked out."""
    if len(cast.votes) <= VOTES_SHOWN:
        return range(len(cast.votes))
    order = sorted(range(len(cast.votes)), key=lambda vote: (-cast.weights[vote], cast.votes[vote].handle))
    return sorted(order[:VOTES_SHOWN])
