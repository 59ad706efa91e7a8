"""The weights of the score and the rules of the slate, in one versioned value that an issue can name and a replay can load."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class BadConfiguration(ValueError):
    """A configuration that cannot be read; the message names the field and what it accepts."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Weights multiply contributions that lie in [0, 1], so they say what one full match of a kind is worth."""

    version: int = 1
    # What a reader asked for.
    topic: float = 1.0
    category: float = 0.6
    keyword: float = 1.2
    author: float = 1.5
    text: float = 1.5
    vote: float = 1.5
    less: float = 0.75
    # What holds for everyone; together they stay below the value of one good match.
    trending: float = 0.08
    freshness: float = 0.02
    freshness_half_life_days: float = 7.0
    # The trending formula: what each sign of attention is worth in upvotes, and how fast attention fades.
    upvotes_trust: float = 1.0
    stars_trust: float = 0.5
    appearance_trust: float = 5.0
    pick_trust: float = 25.0
    trending_half_life_days: float = 5.0
    trending_ceiling: float = 1000.0
    # What counts as a match.
    match_floor: float = 0.30
    topic_floor: float = 0.10
    # How much of a match by words is for the words as typed, and for the words as typed and standing as a phrase of their own.
    verbatim_share: float = 0.2
    own_phrase_share: float = 0.4
    vote_floor: float = 0.0125
    # The likeness to the liked papers that counts for half.
    vote_half: float = 0.03
    vote_half_life_days: float = 90.0
    # The slate.
    repeat_decay: float = 0.70
    diversity: float = 0.30
    serendipity: int = 1
    serendipity_smallest_slate: int = 4
    near_misses: int = 3
    reasons: int = 3

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int if field.type is int else int | float):
                raise BadConfiguration(
                    f"{field.name} must be {'a whole number' if field.type is int else 'a number'}, not {value!r}"
                )
            if not math.isfinite(value) or value < 0:
                raise BadConfiguration(f"{field.name} must be zero or more and finite, not {value!r}")
        for name in (
            "freshness_half_life_days",
            "trending_half_life_days",
            "vote_half_life_days",
            "trending_ceiling",
            "vote_half",
        ):
            if getattr(self, name) <= 0:
                raise BadConfiguration(f"{name} must be more than zero")
        if self.verbatim_share + self.own_phrase_share > 1:
            raise BadConfiguration("verbatim_share and own_phrase_share must be at most 1 together")
        if self.repeat_decay > 1:
            raise BadConfiguration(f"repeat_decay must be at most 1, not {self.repeat_decay!r}")

    def as_json(self) -> dict[str, Any]:
        """Every field by name, ready for a JSON column."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Configuration":
        """The configuration that `as_json` described; fields it lacks take their defaults, unknown ones are refused."""
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(stored) - known)
        if unknown:
            raise BadConfiguration(f"unknown ranking weights: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        return cls(**stored)
