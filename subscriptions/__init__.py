"""Who wants what."""
