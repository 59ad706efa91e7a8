"""What comes back: reports, complaints and automatic replies.

read (parts before prose) -> causes (words and codes) -> verdicts -> record: the ledger, suppressions, pauses
"""

from digest.bounces.recording import Recorded, record
from digest.bounces.verdicts import Judgement, classify

__all__ = ["Judgement", "Recorded", "classify", "record"]
