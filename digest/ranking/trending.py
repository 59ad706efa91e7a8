"""One formula for what is trending, on the site and in messages."""

import math
from typing import Protocol

from digest.ranking.configuration import Configuration
from digest.ranking.inputs import Paper

DAY = 86_400.0


class Noticed(Protocol):
    """What the formula looks at, of a `Paper` or of a row of the site's lists. `announced_at` is in epoch seconds."""

    @property
    def upvotes(self) -> int: ...
    @property
    def votes(self) -> float: ...
    @property
    def stars(self) -> int: ...
    @property
    def appearances(self) -> int: ...
    @property
    def picked(self) -> bool: ...
    @property
    def announced_at(self) -> float: ...


def attention(paper: Noticed, configuration: Configuration) -> float:
    """Signs of attention in upvotes' worth.

    Stars belong to a whole repository and may be years old, so only their square root counts.
    """
    return (
        configuration.upvotes_trust * (max(paper.upvotes, 0) + max(paper.votes, 0.0))
        + configuration.stars_trust * math.sqrt(max(paper.stars, 0))
        + configuration.appearance_trust * max(paper.appearances - 1, 0)
        + configuration.pick_trust * paper.picked
    )


def trending_score(paper: Noticed, configuration: Configuration, now: float) -> float:
    """How much attention a paper has for its age, in [0, 1].

    log(1 + attention) / log(1 + ceiling), at most 1, halved for every `trending_half_life_days` since it was announced. The
    logarithm makes the tenth vote count for more than the thousandth; the half-life lets last week's papers give way.
    """
    level = min(math.log1p(attention(paper, configuration)) / math.log1p(configuration.trending_ceiling), 1.0)
    return level * math.exp2(-age_in_days(paper, now) / configuration.trending_half_life_days)


def freshness(paper: Noticed, configuration: Configuration, now: float) -> float:
    """1 for a paper announced now, halved for every `freshness_half_life_days` since."""
    return math.exp2(-age_in_days(paper, now) / configuration.freshness_half_life_days)


def age_in_days(paper: Noticed, now: float) -> float:
    """Days since the announcement; an announcement in the future has age 0."""
    return max(now - paper.announced_at, 0.0) / DAY


def words(paper: Paper) -> str:
    """What draws attention to a paper, in plain words; empty when nothing does."""
    signs = []
    if paper.picked:
        signs.append("an editor's pick")
    upvotes = max(paper.upvotes, 0) + math.floor(max(paper.votes, 0.0))
    if upvotes > 0:
        signs.append(f"{upvotes:,} upvote{'s' if upvotes != 1 else ''}")
    if paper.stars > 0:
        signs.append(f"{paper.stars:,} star{'s' if paper.stars != 1 else ''}")
    if paper.appearances > 1:
        signs.append(f"seen in {paper.appearances} sources")
    return ", ".join(signs)


def age_words(paper: Paper, now: float) -> str:
    """When a paper was announced, in plain words."""
    days = int(age_in_days(paper, now))
    return "announced today" if days == 0 else "announced yesterday" if days == 1 else f"announced {days:,} days ago"
