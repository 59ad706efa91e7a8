"""Issues: one numbered digest for one subscription, chosen and frozen here."""

from digest.issues.publishing import Prepared, Published, preview, publish, publish_due

__all__ = ["Prepared", "Published", "preview", "publish", "publish_due"]
