"""Characters that nobody sees: controls, directions, joiners; and white space."""

import re
import unicodedata

# Controls; soft hyphen; combining grapheme joiner; Hangul and Khmer fillers; zero-width and directional marks; invisible
# operators; byte order mark; interlinear marks; tags; surrogates and private use, which mean nothing outside their system.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff"
    "\U000f0000-\U0010ffff]"
)
# Of these, what Python calls printable all the same.
_FILLER = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\U000e0100-\U000e01ef]")
# Joiners shape letters in these scripts, and join emoji; elsewhere they only hide in words.
_JOINER = re.compile("(?<![\u0590-\u1cff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]|[\u200c\u200d]$")


def spaced(text: str) -> str:
    """Every run of white space one space, none at the ends. Whatever is printable holds no white space but spaces."""
    return text.strip(" ") if text.isprintable() and "  " not in text else " ".join(text.split())


def tidy(text: str) -> str:
    """NFC, without what is invisible, every run of white space one space; empty when nothing was visible."""
    if text.isascii() and text.isprintable():
        return spaced(text)
    if not text.isprintable() or _FILLER.search(text):
        text = _INVISIBLE.sub("", text)
        if "\u200c" in text or "\u200d" in text:
            text = _JOINER.sub("", text)
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return spaced(text)
