"""The weights of the score and the rules of the slate, in one versioned value that an issue can name and a replay can load."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULTS = 3
"""Counts the changes of the weights below, or of what they multiply: weights made for one formula mean nothing to another."""


class BadConfiguration(ValueError):
    """A configuration that cannot be read; the message names the field and what it accepts."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Weights multiply contributions that lie in [0, 1], so each says what one full match of its kind is worth.

    `version` is the one under which the weights are stored, `defaults` the count of the defaults that they started from.
    """

    version: int = 1
    defaults: int = DEFAULTS
    # What a reader asked for.
    topic: float = 0.8
    category: float = 0.5
    keyword: float = 1.0
    author: float = 1.2
    text: float = 1.0
    meaning: float = 0.1
    vote: float = 1.5
    less: float = 0.8
    # What holds for everyone; together they stay below the value of a match.
    trending: float = 0.03
    freshness: float = 0.01
    freshness_half_life_days: float = 7.0
    # The trending formula: what each sign of attention is worth in upvotes, and how fast attention fades.
    upvotes_trust: float = 1.0
    stars_trust: float = 0.5
    appearance_trust: float = 5.0
    pick_trust: float = 25.0
    trending_half_life_days: float = 5.0
    trending_ceiling: float = 1000.0
    # What counts as a match.
    match_floor: float = 0.25
    topic_floor: float = 0.10
    vote_floor: float = 0.02
    vote_floor_share: float = 0.25
    # How much of a match by words is for the words as typed, and for the words as typed and standing as a phrase of their own.
    verbatim_share: float = 0.2
    own_phrase_share: float = 0.4
    # How votes become a taste.
    vote_half_life_days: float = 90.0
    agreement_at_half: float = 5.0
    agreement_chance: float = 0.4
    rarity_power: float = 1.5
    vote_terms: int = 32
    vote_confidence: float = 0.25
    vote_at_half: float = 0.20
    vote_trust: float = 0.25
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
                kind = "a whole number" if field.type is int else "a number"
                raise BadConfiguration(f"{field.name} must be {kind}, not {value!r}")
            if not math.isfinite(value) or not 0 <= value <= LARGEST:
                raise BadConfiguration(f"{field.name} must be from 0 to {LARGEST:g}, not {value!r}")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise BadConfiguration(f"{name} must be more than zero")
        for name in _SHARES:
            if getattr(self, name) > 1:
                raise BadConfiguration(f"{name} must be at most 1, not {getattr(self, name)!r}")
        for name in _WEIGHTS:
            if getattr(self, name) > HEAVIEST:
                raise BadConfiguration(f"{name} must be at most {HEAVIEST:g}, not {getattr(self, name)!r}")
        if self.verbatim_share + self.own_phrase_share > 1:
            raise BadConfiguration("verbatim_share and own_phrase_share must be at most 1 together")

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


LARGEST = 1e6
HEAVIEST = 8.0
"""So that a profile of hundreds of interests still has sums that are exact (see `exact`)."""
_WEIGHTS = ("topic", "category", "keyword", "author", "text", "meaning", "vote", "less", "trending", "freshness")
_SHARES = ("repeat_decay", "diversity", "vote_floor_share", "agreement_chance", "verbatim_share", "own_phrase_share")
_POSITIVE = (
    "freshness_half_life_days",
    "trending_half_life_days",
    "trending_ceiling",
    "vote_half_life_days",
    "agreement_at_half",
    "vote_at_half",
    "vote_trust",
    "vote_terms",
)
