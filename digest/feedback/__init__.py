"""What readers told us: votes cast and undone, the profiles that the ranking makes of them, and what they change in words."""

from digest.feedback.effects import effect
from digest.feedback.tastes import Taste, Vote, tastes
from digest.feedback.voting import Cast, cast, paper_of, standing, undo

__all__ = [
    "Cast",
    "Taste",
    "Vote",
    "cast",
    "effect",
    "paper_of",
    "standing",
    "tastes",
    "undo",
]
