"""Issues: one numbered digest for one subscription, chosen and frozen here."""

from digest.issues.publishing import Published, preview, publish, publish_due

__all__ = ["Published", "preview", "publish", "publish_due"]
