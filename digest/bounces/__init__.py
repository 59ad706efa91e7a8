"""What comes back: reports, complaints and automatic replies.

read (parts before prose) -> causes (words and codes) -> verdicts -> record: the ledger, suppressions, pauses
"""

from digest.bounces.events import Event, take
from digest.bounces.recording import Recorded, record
from digest.bounces.verdicts import Judgement, classify

__all__ = ["Event", "Judgement", "Recorded", "classify", "record", "take"]
