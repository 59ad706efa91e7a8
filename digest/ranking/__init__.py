"""Numbers only: what is known of a taste, what a paper scores with it, and which papers make an issue. No Django here.

papers -> Newsroom (Index, Matcher, Ballot) | profiles -> Desk: scores -> pools -> select -> terms -> Slates
"""

from digest.ranking.batch import Prepared, explain, prepare, rank
from digest.ranking.configuration import DEFAULTS, BadConfiguration, Configuration
from digest.ranking.content import BadModel, ContentModel
from digest.ranking.inputs import Interest, Paper, Profile, Vote
from digest.ranking.matching import BadProfile
from digest.ranking.slates import Choice, Miss, Reason, Slate, Term
from digest.ranking.trending import trending_score

__all__ = [
    "DEFAULTS",
    "BadConfiguration",
    "BadModel",
    "BadProfile",
    "Choice",
    "Configuration",
    "ContentModel",
    "Interest",
    "Miss",
    "Paper",
    "Prepared",
    "Profile",
    "Reason",
    "Slate",
    "Term",
    "Vote",
    "explain",
    "prepare",
    "rank",
    "trending_score",
]
