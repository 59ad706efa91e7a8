"""TeX and HTML to clean Unicode text, once, at the door.

    raw -> markup.plain -> tex.plain -> invisible.tidy -> clean text

Each stage leaves alone what it does not understand.
"""

from digest.text import invisible, markup, tex
from digest.text.languages import language
from digest.text.sentences import extract, opening, sentences

__all__ = ["clean", "extract", "language", "opening", "sentences"]


def _has_sign(text: str) -> bool:
    """Whether anything in it could be TeX or HTML; written out, for a loop over the signs takes ten times as long."""
    return (
        "\\" in text or "$" in text or "^" in text or "_" in text or "{" in text or "~" in text
        or "<" in text or "&" in text or "``" in text or "--" in text
    )  # fmt: skip


def clean(source: str) -> str:
    """One line of readable text from TeX, HTML or a mixture of the two.

    Accents, Greek, scripts, operators and fonts become Unicode; citations vanish; HTML tags and entities are resolved; controls
    and invisible characters are removed; white space is one space. A construct that is not understood stays as it was written.
    """
    text = invisible.spaced(source)
    if text.isascii() and text.isprintable() and not _has_sign(text):
        return text
    if "<" in text or "&" in text:
        text = markup.plain(text)
    return invisible.tidy(tex.plain(text))
