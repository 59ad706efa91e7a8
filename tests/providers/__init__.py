"""Sending by a provider's interface."""
