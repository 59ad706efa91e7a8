"""TeX and HTML to clean Unicode text, once, at the door."""
