"""Numbers only: what is known of a taste, what a paper scores with it, and which papers make an issue. No Django here.

papers -> Index | profiles -> Matcher, Ballot -> scores -> select -> explain -> Slate
"""

from digest.ranking.batch import Prepared, prepare, rank
from digest.ranking.configuration import BadConfiguration, Configuration
from digest.ranking.content import BadModel, ContentModel
from digest.ranking.inputs import Interest, Paper, Profile, Vote
from digest.ranking.matching import BadProfile
from digest.ranking.slates import Choice, Reason, Slate, Term
from digest.ranking.trending import trending_score

__all__ = [
    "BadConfiguration",
    "BadModel",
    "BadProfile",
    "Choice",
    "Configuration",
    "ContentModel",
    "Interest",
    "Paper",
    "Prepared",
    "Profile",
    "Reason",
    "Slate",
    "Term",
    "Vote",
    "prepare",
    "rank",
    "trending_score",
]
