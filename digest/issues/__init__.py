"""Issues: one numbered digest for one subscription; chosen, frozen, published, and rendered as messages."""

from digest.issues.frozen import NeverRanked, replay
from digest.issues.loading import Reader, Rows
from digest.issues.publishing import Foresight, Prepared, Published, foresee, preview, publish, publish_due, publish_sample
from digest.issues.rendering import messages_for

__all__ = [
    "Foresight",
    "NeverRanked",
    "Prepared",
    "Published",
    "Reader",
    "Rows",
    "foresee",
    "messages_for",
    "preview",
    "publish",
    "publish_due",
    "publish_sample",
    "replay",
]
