"""Words and phrases: how titles, abstracts and what readers type become numbers that can be compared.

A word is folded (case, accents, plural) and numbered by a `Lexicon`; function words are dropped, so that "chain-of-thought" and
"chain of thought" are one phrase. A phrase is a run of up to three words within a sentence, packed into one integer, 20
bits a word. Scripts without spaces are cut into characters, whose runs of two and three then serve as words.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]

BREAK = 0
"""The number that stands for the end of a sentence; no word has it."""
_BITS = 20
LONGEST = 3
"""Words in a phrase, at most."""

_TOKEN = re.compile(r"[a-z0-9]+[+#]*|[.!?;:](?=\s)|[^\W_a-z0-9]+")
_UNSPACED = re.compile(
    "([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f])"
)

_STOP_WORDS = (
    "a about above across after again against all almost along already also although always am among an and another any are "
    "aren as at away be because been before being below between both but by can cannot could did do does doing done during "
    "each either else enough et al etc even ever every for from further furthermore had has have having he hence her here "
    "hers him his how however i ie eg if in into indeed instead is isn it its itself just less like made mainly make many "
    "may me might more moreover most much must my namely near need neither nevertheless no nor not of off often on once "
    "only onto or other others otherwise our ours out over own per perhaps please quite rather really s same several she "
    "should since so some still such t than that the their theirs them themselves then thence there thereby therefore these "
    "they this those through throughout thus to together too toward towards under until up upon us used using various very "
    "via was we well were what when where whereas whether which while who whole whom whose why will with within without "
    "would yet you your yours "
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Function words of English. What every abstract says beyond them is for its rarity to discount."""


def fold(text: str) -> str:
    """Lower case without accents or compatibility forms; letters of scripts without spaces stand alone."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _UNSPACED.sub(r" \1 ", unicodedata.normalize("NFC", plain))


def stem(word: str) -> str:
    """An English plural becomes its singular (after Harman, "How effective is suffixing?", 1991); all else stays."""
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y" if len(word) > 4 else word
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith(("us", "ss", "is")):
        return word
    return word[:-1]


class Lexicon:
    """Numbers for words, given in the order of first use. Reading a text twice gives the same numbers."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._stems: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self.words: list[str] = [""]
        for word in words:
            self._stems[word] = len(self.words)
            self.words.append(word)

    def number(self, word: str) -> int:
        """The number of a folded word, -1 for a stop word, BREAK for the end of a sentence."""
        known = self._numbers.get(word)
        if known is not None:
            return known
        if word[0] in ".!?;:":
            number = BREAK
        elif word in STOP_WORDS:
            number = -1
        else:
            number = self._number_of_stem(stem(word))
        self._numbers[word] = number
        return number

    def _number_of_stem(self, stemmed: str) -> int:
        number = self._stems.get(stemmed)
        if number is None:
            number = len(self.words)
            if number >= 1 << _BITS:
                raise OverflowError(f"more than {1 << _BITS:,} different words; rank in smaller batches")
            self._stems[stemmed] = number
            self.words.append(stemmed)
        return number

    def read(self, text: str) -> list[int]:
        """The numbers of a text's words, BREAK between sentences, stop words left out."""
        numbers = self._numbers
        read: list[int] = []
        for token in _TOKEN.findall(fold(text)):
            number = numbers.get(token)
            if number is None:
                number = self.number(token)
            if number >= 0:
                read.append(number)
        return read

    def phrase(self, code: int) -> str:
        """The words of a packed phrase, as folded."""
        parts = [(code >> shift) & ((1 << _BITS) - 1) for shift in (2 * _BITS, _BITS, 0)]
        return " ".join(self.words[part] for part in parts if part)


def phrases(numbers: Codes, length: int) -> tuple[Codes, Codes]:
    """Packed phrases of exactly `length` words, and the position where each starts; none crosses a BREAK."""
    if len(numbers) < length:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    count = len(numbers) - length + 1
    codes = numbers[:count].copy()
    whole = codes != BREAK
    for offset in range(1, length):
        following = numbers[offset : offset + count]
        codes = (codes << _BITS) | following
        whole &= following != BREAK
    starts = np.flatnonzero(whole)
    return codes[starts], starts


def phrases_of(numbers: Sequence[int], longest: int = LONGEST) -> list[int]:
    """Every phrase of one to `longest` words in a short text, in order of length, then of place; each once."""
    array = np.array(numbers, np.int64)
    found: dict[int, None] = {}
    for length in range(1, longest + 1):
        for code in phrases(array, length)[0].tolist():
            found[code] = None
    return list(found)


def length_of(code: int) -> int:
    """How many words a packed phrase has."""
    return 1 if code < 1 << _BITS else 2 if code < 1 << (2 * _BITS) else 3
