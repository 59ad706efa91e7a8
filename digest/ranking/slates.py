"""What the ranking answers: the papers chosen for one reader, each with the terms of its score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of a score: its name, its value, the handle by which the reader can undo it ("" if none), and plain words."""

    name: str
    value: float
    handle: str
    words: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "handle": self.handle, "words": self.words}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper is here, in words that belong to a term of its score, with that term's handle."""

    text: str
    handle: str

    def as_json(self) -> dict[str, str]:
        return {"text": self.text, "handle": self.handle}


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen paper. `score` is exactly the sum of the terms' values; `slot` is match, trending or serendipity."""

    paper: int
    revision: int
    score: float
    slot: str
    terms: tuple[Term, ...]
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "paper": self.paper,
            "revision": self.revision,
            "score": self.score,
            "slot": self.slot,
            "terms": [term.as_json() for term in self.terms],
            "reasons": [reason.as_json() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Slate:
    """The ordered choice for one reader, and what the receipt needs to be honest about the rest.

    `considered` counts the papers of the reader's window, `excluded` those of them that were left out before any score, by
    reason, `matched` those that met an interest or a vote. `near_misses` matched and were not chosen, the best first.
    `trending_only` says that nothing was known of the reader's taste.
    """

    choices: tuple[Choice, ...]
    near_misses: tuple[Choice, ...]
    considered: int
    excluded: Mapping[str, int]
    trending_only: bool
    matched: int = 0

    def as_json(self) -> list[dict[str, Any]]:
        """The choices, in order, as they are frozen in an issue."""
        return [choice.as_json() for choice in self.choices]
