r"""TeX whose backslashes were lost on the way (`M_{odot}`, `mathcal{O}`), given back where that is certain.

The saved Daily Papers page is such a text: whoever made it removed each backslash that stood before a letter inside formulas.
"""

import re

from digest.text.symbols import GREEK

_FONTS = (
    "mathcal", "mathbb", "mathrm", "mathbf", "mathsf", "mathfrak", "mathscr", "boldsymbol", "operatorname", "textbf", "textit",
    "texttt", "textsc", "emph", "sqrt", "frac",
)  # fmt: skip
_SIGNS = "|".join(("odot", "oplus", "infty", "star", "ast", "dagger", "prime", "perp", "parallel", "circ", "ell", *GREEK))
_FONT = re.compile(rf"(?<![\\\w])({'|'.join(_FONTS)})(?=\{{)")
_SCRIPT = re.compile(rf"([_^]\{{[-+]?)({_SIGNS})(?=\}})")
_SIZE = re.compile(r"(?<![\\\w])(Bigg|Big|bigg|big|left|right)(?=[()\[\]|])")
_GREEK = "|".join(sorted(GREEK, key=len, reverse=True))
_GREEK_IN_FORMULA = re.compile(rf"(?<=[-+*/=^_({{|])({_GREEK})(?![A-Za-z])|(?<![\\A-Za-z])({_GREEK})(?=[-+*/=^_)}}|])")
_THIN_SPACE = re.compile(r"(?<=\d),(?=[A-Za-z]_\{)")
_FRACTION = re.compile(r"(sqrt\{[^{}]{0,100}\})\{((?:[^{}]|\{[^{}]{0,100}\}){0,200})\}")


def _has_bare_font(text: str) -> bool:
    """Whether `_FONT` is anywhere; looking back from each brace is much faster than looking everywhere."""
    brace = text.find("{")
    while brace != -1:
        if text.endswith(_FONTS, 0, brace) and _FONT.search(text, max(0, brace - 14), brace + 1):
            return True
        brace = text.find("{", brace + 1)
    return False


def restore(text: str) -> str:
    """The text with its backslashes back, or the text itself when nothing proves that they were lost."""
    if "{" not in text or not (_has_bare_font(text) or _SCRIPT.search(text)):
        return text
    text = _THIN_SPACE.sub(" ", text)
    # A group right after a finished root: the rest of a \frac that lost its head.
    text = _FRACTION.sub(r"\1/\2", text) if "\\frac" not in text else text
    named = {match[1] or match[2] for match in _GREEK_IN_FORMULA.finditer(text)}
    text = _FONT.sub(r"\\\1", text)
    text = _SCRIPT.sub(r"\1\\\2", text)
    text = _SIZE.sub(r"\\\1", text)
    if named:
        # A name used in a formula means the letter in the sentences around it, too.
        names = "|".join(sorted(named, key=len, reverse=True))
        text = re.sub(rf"(?<![\\A-Za-z])({names})(?![A-Za-z])", r"\\\1", text)
    return text
