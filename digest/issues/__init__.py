"""Issues: one numbered digest for one subscription; chosen, frozen, published, and rendered as messages."""

from digest.issues.frozen import NeverRanked, replay
from digest.issues.publishing import Prepared, Published, preview, publish, publish_due, publish_sample
from digest.issues.rendering import messages_for

__all__ = [
    "NeverRanked",
    "Prepared",
    "Published",
    "messages_for",
    "preview",
    "publish",
    "publish_due",
    "publish_sample",
    "replay",
]
