"""The language that a script gives away, for screen readers and for fonts. What is written in Latin letters could be in any."""

import functools
import re

# Letters of a script, and the language that most of what is written in it is in; those that tell a neighbour's come first.
_SCRIPTS = tuple(
    (re.compile(f"[{letters}]"), language)
    for letters, language in (
        ("\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d", "ja"),
        ("\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3", "ko"),
        ("\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f", "zh"),
        ("\u067e\u0686\u0698\u06a9\u06af\u06cc", "fa"),
        ("\u0620-\u064a\u0671-\u06d3\ufb50-\ufdc7\ufdf0-\ufdfb\ufe70-\ufefc", "ar"),
        ("\u05d0-\u05ea", "he"),
        ("\u0404\u0406\u0407\u0454\u0456\u0457\u0490\u0491", "uk"),
        ("\u0400-\u052f", "ru"),
        ("\u0904-\u0939\u0958-\u0961", "hi"),
        ("\u0985-\u09b9", "bn"),
        ("\u0e01-\u0e30", "th"),
    )
)
_OTHER_LETTER = re.compile(r"[^\W\d_]")
# The language whose letters a script shares with the next but one or two, so that all of them count as its own.
_SHARING = {"ja": ("zh",), "ko": ("zh",), "fa": ("ar",), "uk": ("ru",)}


@functools.lru_cache(maxsize=4096)
def language(text: str) -> str:
    """The language of clean text as a BCP 47 tag, when more than half of its letters tell; else empty.

    By its script alone: Bulgarian passes for Russian, and whatever has Latin letters says nothing.
    """
    if text.isascii():
        return ""
    counts = {name: len(letters.findall(text)) for letters, name in _SCRIPTS}
    letters = len(_OTHER_LETTER.findall(text))
    for name, count in counts.items():
        if count and 2 * (count + sum(counts[each] for each in _SHARING.get(name, ()))) > letters:
            return name
    return ""
