"""Sources asked when their hour has come, and what came of it.

due -> claim -> turn -> fetch -> parse (elsewhere) -> store -> Poll; and from what came, when to ask again
"""

from digest.polling.asking import Polled, Tools, poll
from digest.polling.backfilling import Backfilled, NoArchive, backfill
from digest.polling.days import mark_missing, missing
from digest.polling.round import Round, fill_missing, poll_due
from digest.polling.trying import Tried, dry_run

__all__ = [
    "Backfilled",
    "NoArchive",
    "Polled",
    "Round",
    "Tools",
    "Tried",
    "backfill",
    "dry_run",
    "fill_missing",
    "mark_missing",
    "missing",
    "poll",
    "poll_due",
]
