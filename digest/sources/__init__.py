"""Feeds, pages and interfaces that announce papers: each parser is pure, and turns octets into entries."""
