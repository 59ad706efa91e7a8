"""Issues: chosen, frozen, published, and rendered as messages."""

from digest.issues.rendering import messages_for

__all__ = ["messages_for"]
