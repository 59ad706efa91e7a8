"""The operator's view of who wants what."""

from subscriptions.admin import people, records, suppressions, topics

__all__ = ["people", "records", "suppressions", "topics"]
