"""What the ranking answers: the papers chosen for one reader, each with the terms of its score.

Named tuples, since a run makes some hundred of them for each of a million readers.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Term(NamedTuple):
    """One summand of a score: its name, its value, the handle by which the reader can undo it ("" if none), and plain words."""

    name: str
    value: float
    handle: str
    words: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "handle": self.handle, "words": self.words}


class Reason(NamedTuple):
    """Why a paper is here, in words that belong to a term of its score, with that term's handle."""

    text: str
    handle: str


class Choice(NamedTuple):
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
            "terms": [
                {"name": name, "value": value, "handle": handle, "words": words} for name, value, handle, words in self.terms
            ],
            "reasons": [{"text": text, "handle": handle} for text, handle in self.reasons],
        }


class Miss(NamedTuple):
    """A paper that matched and was not chosen."""

    paper: int
    score: float


class Slate(NamedTuple):
    """The ordered choice for one reader, and what the receipt needs to be honest about the rest.

    `considered` counts the papers of the reader's window, `excluded` those of them that were left out before any score, by
    reason, `matched` those that met an interest or a vote. `near_misses` matched and were not chosen, the best first.
    `trending_only` says that nothing was known of the reader's taste.
    """

    choices: tuple[Choice, ...]
    near_misses: tuple[Miss, ...]
    considered: int
    excluded: Mapping[str, int]
    trending_only: bool
    matched: int = 0

    def as_json(self) -> list[dict[str, Any]]:
        """The choices, in order, as they are frozen in an issue."""
        return [choice.as_json() for choice in self.choices]
