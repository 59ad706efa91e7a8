"""What comes back, by any way."""
